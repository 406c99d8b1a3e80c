/// Reads the text form of protocol buffers: fields by their names, comments after `#`.
package struct ProtobufTextReader {
  private let bytes: [UInt8]
  private(set) var position = 0
  private var depth = 0
  /// Whether a colon followed the name of the field that is read.
  private var isColonSeen = false

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  // MARK: Messages

  /// Reads fields up to the closing byte, or to the end of the text if nil.
  mutating func message<M: ProtobufMessage>(
    _ message: inout M, until close: UInt8?
  ) throws(FormatError) {
    while let next = try nextByte(orEnd: close) {
      guard next != close else {
        position += 1
        return
      }
      let start = position
      let name = try identifier("name of a field of \(M.messageName)")
      guard let field = M.fields.first(where: { $0.name == name }) else {
        let names = M.fields.map(\.name).joined(separator: ", ")
        throw error(at: start, found: name, expected: "field of \(M.messageName): \(names)")
      }
      isColonSeen = accept(":")
      try field.parse(&message, &self)
      if !accept(",") { _ = accept(";") }
    }
  }

  /// Reads a message in braces or angle brackets.
  mutating func nested(
    _ body: (inout ProtobufTextReader, UInt8) throws(FormatError) -> Void
  ) throws(FormatError) {
    let start = position
    let close: UInt8
    if accept("{") {
      close = UInt8(ascii: "}")
    } else if accept("<") {
      close = UInt8(ascii: ">")
    } else {
      throw unexpected("{")
    }
    depth += 1
    defer { depth -= 1 }
    guard depth <= protobufDepthLimit else {
      throw error(
        at: start, found: "more than \(protobufDepthLimit) messages in each other",
        expected: "fewer")
    }
    try body(&self, close)
  }

  /// Reads one value, or several ones in brackets.
  mutating func list(
    _ element: (inout ProtobufTextReader) throws(FormatError) -> Void
  ) throws(FormatError) {
    guard accept("[") else { return try element(&self) }
    if accept("]") { return }
    repeat {
      isColonSeen = true
      try element(&self)
    } while accept(",")
    guard accept("]") else { throw unexpected(", or ]") }
  }

  /// Passes over the value of a field that nobody asks for.
  mutating func skipValue() throws(FormatError) {
    try list { text throws(FormatError) in
      switch text.peek() {
      case UInt8(ascii: "{"), UInt8(ascii: "<"):
        try text.nested { text, close throws(FormatError) in
          while let next = try text.nextByte(orEnd: close), next != close {
            _ = try text.identifier("name of a field")
            text.isColonSeen = text.accept(":")
            try text.skipValue()
            if !text.accept(",") { _ = text.accept(";") }
          }
          text.position += 1
        }
      case UInt8(ascii: "\""), UInt8(ascii: "'"): _ = try text.quoted()
      default: _ = try text.word("value") { $0 }
      }
    }
  }

  // MARK: Values

  /// Reads a value that has to follow a colon.
  mutating func scalar<T>(
    _ read: (inout ProtobufTextReader) throws(FormatError) -> T
  ) throws(FormatError) -> T {
    guard isColonSeen else { throw unexpected(":") }
    return try read(&self)
  }

  /// A number, name or sign with what follows it, as `read` understands it.
  mutating func word<T>(
    _ expected: String, _ read: (String) -> T?
  ) throws(FormatError) -> T {
    skipBlanks()
    let start = position
    if peek() == UInt8(ascii: "-") {
      position += 1
      skipBlanks()
    }
    let isNegative = position > start
    let begin = position
    while position < bytes.count, bytes[position].isPartOfWord { position += 1 }
    guard position > begin else {
      position = start
      throw unexpected(expected)
    }
    let word =
      (isNegative ? "-" : "") + String(decoding: bytes[begin..<position], as: UTF8.self)
    guard let value = read(word) else { throw error(at: start, found: word, expected: expected) }
    return value
  }

  private mutating func identifier(_ expected: String) throws(FormatError) -> String {
    skipBlanks()
    let start = position
    guard let first = peek(), first.isLetter else { throw unexpected(expected) }
    while position < bytes.count, bytes[position].isLetter || bytes[position].isDigit {
      position += 1
    }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  // MARK: Bytes

  func peek() -> UInt8? {
    var copy = self
    copy.skipBlanks()
    return copy.position < bytes.count ? bytes[copy.position] : nil
  }

  /// The next byte; nil at the end, where that is allowed.
  private mutating func nextByte(orEnd close: UInt8?) throws(FormatError) -> UInt8? {
    skipBlanks()
    if position < bytes.count { return bytes[position] }
    guard let close else { return nil }
    throw unexpected("\(Character(UnicodeScalar(close)))")
  }

  mutating func accept(_ symbol: Unicode.Scalar) -> Bool {
    skipBlanks()
    guard position < bytes.count, bytes[position] == UInt8(ascii: symbol) else { return false }
    position += 1
    return true
  }

  mutating func skipBlanks() {
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"), 11, 12:
        position += 1
      case UInt8(ascii: "#"):
        while position < bytes.count, bytes[position] != UInt8(ascii: "\n") { position += 1 }
      default: return
      }
    }
  }

  // MARK: Texts

  /// Texts in quotation marks, one after the other, put together.
  mutating func quoted() throws(FormatError) -> [UInt8] {
    var result: [UInt8] = []
    skipBlanks()
    guard try appendQuoted(to: &result) else { throw unexpected("text in quotation marks") }
    while try appendQuoted(to: &result) {}
    return result
  }

  private mutating func appendQuoted(to result: inout [UInt8]) throws(FormatError) -> Bool {
    skipBlanks()
    let start = position
    guard position < bytes.count, [UInt8(ascii: "\""), UInt8(ascii: "'")].contains(bytes[position])
    else { return false }
    let mark = bytes[position]
    position += 1
    while position < bytes.count, bytes[position] != UInt8(ascii: "\n") {
      let byte = bytes[position]
      position += 1
      if byte == mark { return true }
      result += byte == UInt8(ascii: "\\") ? try escaped() : [byte]
    }
    throw error(at: start, found: "a text without its end", expected: "quotation mark")
  }

  private mutating func escaped() throws(FormatError) -> [UInt8] {
    let start = position - 1
    guard position < bytes.count else { throw unexpected("rest of an escape") }
    let byte = bytes[position]
    position += 1
    if let simple = Self.escapes[byte] { return [simple] }
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "7"):
      position -= 1
      return [UInt8(truncatingIfNeeded: digits(radix: 8, atMost: 3) ?? 0)]
    case UInt8(ascii: "x"), UInt8(ascii: "X"):
      if let value = digits(radix: 16, atMost: 2) { return [UInt8(truncatingIfNeeded: value)] }
    case UInt8(ascii: "u"), UInt8(ascii: "U"):
      let count = byte == UInt8(ascii: "u") ? 4 : 8
      let begin = position
      if let value = digits(radix: 16, atMost: count), position - begin == count,
        let scalar = Unicode.Scalar(value)
      {
        return Array(String(Character(scalar)).utf8)
      }
    default: break
    }
    throw error(
      at: start, found: "\\\(Character(UnicodeScalar(byte)))",
      expected: #"escape: \n \r \t \a \b \f \v \" \' \\ \?, or one with digits"#)
  }

  private mutating func digits(radix: UInt32, atMost count: Int) -> UInt32? {
    var value: UInt32?
    for _ in 0..<count {
      guard position < bytes.count,
        let digit = Character(UnicodeScalar(bytes[position])).hexDigitValue, digit < radix
      else { break }
      value = (value ?? 0) * radix + UInt32(digit)
      position += 1
    }
    return value
  }

  private static let escapes: [UInt8: UInt8] = [
    UInt8(ascii: "n"): 10, UInt8(ascii: "r"): 13, UInt8(ascii: "t"): 9, UInt8(ascii: "a"): 7,
    UInt8(ascii: "b"): 8, UInt8(ascii: "f"): 12, UInt8(ascii: "v"): 11,
    UInt8(ascii: "\""): UInt8(ascii: "\""), UInt8(ascii: "'"): UInt8(ascii: "'"),
    UInt8(ascii: "\\"): UInt8(ascii: "\\"), UInt8(ascii: "?"): UInt8(ascii: "?"),
  ]

  // MARK: Errors

  /// An error at a place of the text.
  func error(at place: Int, found: String, expected: String) -> FormatError {
    let before = bytes[..<min(place, bytes.count)]
    let line = before.count { $0 == UInt8(ascii: "\n") } + 1
    let begin = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    let column = String(decoding: bytes[begin..<before.endIndex], as: UTF8.self).count + 1
    return FormatError("line \(line), column \(column): found \(found), expected \(expected)")
  }

  /// An error at what comes next.
  private func unexpected(_ expected: String) -> FormatError {
    var reader = self
    reader.skipBlanks()
    let start = reader.position
    guard start < bytes.count else {
      return error(at: start, found: "the end", expected: expected)
    }
    var end = start
    while end < bytes.count, bytes[end].isPartOfWord { end += 1 }
    let found = String(decoding: bytes[start..<max(end, start + 1)].prefix(40), as: UTF8.self)
    return error(at: start, found: found, expected: expected)
  }
}

extension UInt8 {
  fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }

  fileprivate var isLetter: Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) || self == UInt8(ascii: "_")
  }

  /// Whether the byte may stand in a name or a number, its sign aside.
  fileprivate var isPartOfWord: Bool {
    isDigit || isLetter || [".", "+", "-"].contains(Unicode.Scalar(self))
  }
}
