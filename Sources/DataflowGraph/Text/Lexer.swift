/// Cuts a graph's text into tokens, one at a time.
///
/// Line ends are tokens, but not within parentheses and brackets nor after a comma or an infix
/// operator.
struct Lexer {
  let source: SourceText
  private(set) var position: Int
  private let end: Int
  private var depth = 0
  private var continues = true

  init(_ source: SourceText, _ range: Range<Int>? = nil) {
    self.source = source
    position = range?.lowerBound ?? 0
    end = range?.upperBound ?? source.bytes.count
  }

  private func byte(_ offset: Int = 0) -> UInt8 {
    position + offset < end ? source.bytes[position + offset] : 0
  }

  /// The next token.
  ///
  /// - Throws: `GraphTextError` for what begins none.
  mutating func next() throws -> Token {
    skipBlanks()
    let start = position
    let kind = try read()
    continues = kind.continuesLine
    return Token(kind: kind, range: start..<position)
  }

  private mutating func skipBlanks() {
    while position < end {
      switch byte() {
      case UInt8(ascii: "#"):
        while position < end && byte() != 0x0A { position += 1 }
      case 0x0A where depth == 0 && !continues: return
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      default: return
      }
    }
  }

  private mutating func read() throws -> Token.Kind {
    guard position < end else { return .end }
    let first = byte()
    switch first {
    case 0x0A:
      position += 1
      return .newline
    case UInt8(ascii: "\""): return .string(try readString())
    case UInt8(ascii: "`"): return try readQuotedName()
    default:
      if first.isLetter { return .name(try readName(), isQuoted: false) }
      return first.isDigit ? .number(readNumber()) : .symbol(try readSymbol())
    }
  }

  // MARK: Names

  private mutating func readName() throws -> [Token.NamePart] {
    var parts: [Token.NamePart] = []
    var start = position
    func text() -> [Token.NamePart] {
      start < position ? [.text(source.text(start..<position))] : []
    }
    while true {
      if byte() == UInt8(ascii: "{") {
        parts += text() + [.expression(try readBraces())]
        start = position
      } else if byte().isLetter || byte().isDigit || isInner(byte()) {
        position += 1
      } else {
        return parts + text()
      }
    }
  }

  /// Whether a slash or a point is part of the name around it.
  private func isInner(_ character: UInt8) -> Bool {
    let next = byte(1)
    switch character {
    case UInt8(ascii: "/"): return next.isLetter || next == UInt8(ascii: "{")
    case UInt8(ascii: "."): return next.isLetter || next.isDigit
    default: return false
    }
  }

  private mutating func readBraces() throws -> Range<Int> {
    let open = position
    while position < end && byte() != UInt8(ascii: "}") && byte() != 0x0A { position += 1 }
    guard byte() == UInt8(ascii: "}") else {
      throw source.error("the brace in this name is not closed", at: open)
    }
    position += 1
    return open + 1..<position - 1
  }

  private mutating func readQuotedName() throws -> Token.Kind {
    let start = position
    repeat { position += 1 } while position < end && byte() != UInt8(ascii: "`") && byte() != 0x0A
    guard byte() == UInt8(ascii: "`"), position > start + 1 else {
      throw source.error("a name in backquotes is empty or not closed on its line", at: start)
    }
    position += 1
    return .name([.text(source.text(start + 1..<position - 1))], isQuoted: true)
  }

  /// A device's name as it stands, from the place after `token` on: up to a blank or a bracket.
  mutating func readPlace(after token: Token) -> Token {
    position = token.range.upperBound
    while byte() == 0x20 { position += 1 }
    let start = position
    while byte().isLetter || byte().isDigit || "/:*-.".utf8.contains(byte()) { position += 1 }
    continues = false
    return Token(kind: .string(source.text(start..<position)), range: start..<position)
  }

  // MARK: Numbers, strings, symbols

  private mutating func readNumber() -> String {
    let start = position
    func skipDigits(_ lexer: inout Lexer) { while lexer.byte().isDigit { lexer.position += 1 } }
    skipDigits(&self)
    if byte() == UInt8(ascii: "."), byte(1).isDigit {
      position += 1
      skipDigits(&self)
    }
    let sign = byte(1) == UInt8(ascii: "+") || byte(1) == UInt8(ascii: "-") ? 1 : 0
    if byte() | 0x20 == UInt8(ascii: "e"), byte(1 + sign).isDigit {
      position += 1 + sign
      skipDigits(&self)
    }
    return source.text(start..<position)
  }

  private mutating func readString() throws -> String {
    let start = position
    var bytes: [UInt8] = []
    position += 1
    while byte() != UInt8(ascii: "\"") {
      guard position < end, byte() != 0x0A else {
        throw source.error("this string is not closed on its line", at: start)
      }
      bytes.append(byte() == UInt8(ascii: "\\") ? try readEscape() : byte())
      position += 1
    }
    position += 1
    return String(decoding: bytes, as: UTF8.self)
  }

  private mutating func readEscape() throws -> UInt8 {
    position += 1
    guard let found = TextEscape.all.first(where: { $0.letter == byte() }) else {
      throw source.error("unknown escape; allowed: \\\" \\\\ \\n \\r \\t", at: position - 1)
    }
    return found.meaning
  }

  private mutating func readSymbol() throws -> String {
    let two = position + 1 < end ? source.text(position..<position + 2) : ""
    if ["==", "!=", "<=", ">="].contains(two) {
      position += 2
      return two
    }
    let one = Unicode.Scalar(byte())
    guard "()[]{},=:;+-*/%^<>@?".unicodeScalars.contains(one) else {
      throw source.error("a word cannot begin here", at: position)
    }
    position += 1
    if one == "(" || one == "[" { depth += 1 }
    if one == ")" || one == "]" { depth = max(0, depth - 1) }
    return String(Character(one))
  }
}

/// A backslash and a letter in a string, and what they stand for.
struct TextEscape {
  let letter: UInt8
  let meaning: UInt8

  static let all: [TextEscape] = [
    TextEscape(letter: UInt8(ascii: "\""), meaning: UInt8(ascii: "\"")),
    TextEscape(letter: UInt8(ascii: "\\"), meaning: UInt8(ascii: "\\")),
    TextEscape(letter: UInt8(ascii: "n"), meaning: 0x0A),
    TextEscape(letter: UInt8(ascii: "r"), meaning: 0x0D),
    TextEscape(letter: UInt8(ascii: "t"), meaning: 0x09),
  ]
}

extension UInt8 {
  /// A letter or an underscore.
  var isLetter: Bool {
    UInt8(ascii: "a")...UInt8(ascii: "z") ~= self | 0x20 || self == UInt8(ascii: "_")
  }

  var isDigit: Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= self }
}

extension Token.Kind {
  /// Whether a line end after it means nothing.
  fileprivate var continuesLine: Bool {
    switch self {
    case .symbol(let text): ![")", "]", "}", "?"].contains(text)
    case .newline: true
    default: false
    }
  }
}

extension String {
  /// Whether the graph language can write the name, in backquotes if need be.
  package var isWritableName: Bool {
    !isEmpty && !utf8.contains { $0 == UInt8(ascii: "`") || $0 == 0x0A }
  }
}
