/// A JSON value that knows the line it begins in, so that errors can point at it.
package struct JSONNode: Sendable {
  package enum Value: Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSONNode])
    case object([String: JSONNode])
  }

  package let line: Int
  package let value: Value

  /// Parses a whole text.
  ///
  /// - Throws: `AtomisticsError` with the line where the text is no JSON.
  package init(parsing text: some Collection<UInt8>) throws {
    var parser = JSONParser(bytes: Array(text))
    self = try parser.document()
  }

  init(line: Int, value: Value) {
    self.line = line
    self.value = value
  }

  /// The member of an object; nil where it is absent or null.
  package subscript(key: String) -> JSONNode? {
    guard case .object(let members) = value, let node = members[key] else { return nil }
    if case .null = node.value { return nil }
    return node
  }

  /// What the value is, for errors.
  package var summary: String {
    switch value {
    case .null: "null"
    case .bool(let flag): "\(flag)"
    case .number(let number): "\(number)"
    case .string(let text): "\"\(text)\""
    case .array(let elements): "a list of \(elements.count)"
    case .object: "an object"
    }
  }

  package func wrong(_ key: String, allowed: String) -> AtomisticsError {
    AtomisticsError(line: line, key: key, found: summary, allowed: allowed)
  }

  package func number(_ key: String) throws -> Double {
    guard case .number(let number) = value else { throw wrong(key, allowed: "a number") }
    return number
  }

  package func string(_ key: String, allowed: String = "a string") throws -> String {
    guard case .string(let string) = value else { throw wrong(key, allowed: allowed) }
    return string
  }

  package func array(_ key: String, _ allowed: String) throws -> [JSONNode] {
    guard case .array(let elements) = value else { throw wrong(key, allowed: allowed) }
    return elements
  }

  /// Three numbers.
  package func vector(_ key: String) throws -> SIMD3<Double> {
    let elements = try array(key, "three numbers")
    guard elements.count == 3 else { throw wrong(key, allowed: "three numbers") }
    return SIMD3(
      try elements[0].number(key), try elements[1].number(key), try elements[2].number(key))
  }
}

/// Takes JSON (RFC 8259) apart, byte by byte.
private struct JSONParser {
  let bytes: [UInt8]
  var position = 0
  var line = 1
  var depth = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  mutating func document() throws -> JSONNode {
    if bytes.starts(with: FileAccess.byteOrderMark) { position = FileAccess.byteOrderMark.count }
    let node = try value()
    skipSpace()
    guard position == bytes.count else { throw unexpected("the end of the text") }
    return node
  }

  private func unexpected(_ allowed: String) -> AtomisticsError {
    let found =
      position < bytes.count
      ? "\"\(String(decoding: bytes[position..<min(bytes.count, position + 12)], as: UTF8.self))\""
      : "the end of the text"
    return AtomisticsError(line: line, found: found, allowed: allowed)
  }

  private mutating func skipSpace() {
    while position < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[position]) {
      if bytes[position] == 0x0a { line += 1 }
      position += 1
    }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func value() throws -> JSONNode {
    skipSpace()
    let start = line
    guard position < bytes.count else { throw unexpected("a value") }
    guard depth < 512 else { throw unexpected("at most 512 levels") }
    depth += 1
    defer { depth -= 1 }
    switch bytes[position] {
    case UInt8(ascii: "{"): return JSONNode(line: start, value: .object(try members()))
    case UInt8(ascii: "["): return JSONNode(line: start, value: .array(try elements()))
    case UInt8(ascii: "\""): return JSONNode(line: start, value: .string(try string()))
    default: return JSONNode(line: start, value: try word())
    }
  }

  private mutating func members() throws -> [String: JSONNode] {
    var members: [String: JSONNode] = [:]
    position += 1
    if take("}") { return members }
    repeat {
      skipSpace()
      guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
        throw unexpected("a key in quotes")
      }
      let key = try string()
      guard members[key] == nil else {
        throw AtomisticsError(line: line, key: key, found: "the key twice", allowed: "once")
      }
      guard take(":") else { throw unexpected("a colon after \"\(key)\"") }
      members[key] = try value()
    } while take(",")
    guard take("}") else { throw unexpected("a comma or }") }
    return members
  }

  private mutating func elements() throws -> [JSONNode] {
    var elements: [JSONNode] = []
    position += 1
    if take("]") { return elements }
    repeat { elements.append(try value()) } while take(",")
    guard take("]") else { throw unexpected("a comma or ]") }
    return elements
  }

  private mutating func word() throws -> JSONNode.Value {
    let start = position
    while position < bytes.count, isWordByte(bytes[position]) { position += 1 }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    switch text {
    case "null": return .null
    case "true": return .bool(true)
    case "false": return .bool(false)
    default: break
    }
    let first = bytes[start..<position].first ?? 0
    guard first == UInt8(ascii: "-") || (48...57).contains(first), let number = Double(text),
      number.isFinite
    else {
      position = start
      throw unexpected("a number, a string, a list, an object, true, false or null")
    }
    return .number(number)
  }

  private func isWordByte(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
      || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
  }

  private mutating func string() throws -> String {
    position += 1
    var text: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        guard let string = String(validating: text, as: UTF8.self) else {
          throw unexpected("text in UTF-8")
        }
        return string
      case UInt8(ascii: "\\"):
        position += 1
        text += Array(String(try escape()).utf8)
      case 0..<0x20: throw unexpected("a closing quote in the same line")
      default:
        text.append(byte)
        position += 1
      }
    }
    throw unexpected("a closing quote")
  }

  private mutating func escape() throws -> Unicode.Scalar {
    guard position < bytes.count else { throw unexpected("an escape") }
    let byte = bytes[position]
    if byte == UInt8(ascii: "u") { return try unicodeEscape() }
    let escapes: [UInt8: Unicode.Scalar] = [
      UInt8(ascii: "\""): "\"", UInt8(ascii: "\\"): "\\", UInt8(ascii: "/"): "/",
      UInt8(ascii: "b"): "\u{8}", UInt8(ascii: "f"): "\u{c}", UInt8(ascii: "n"): "\n",
      UInt8(ascii: "r"): "\r", UInt8(ascii: "t"): "\t",
    ]
    guard let scalar = escapes[byte] else { throw unexpected("one of \" \\ / b f n r t u") }
    position += 1
    return scalar
  }

  private mutating func unicodeEscape() throws -> Unicode.Scalar {
    let first = try hexadecimal()
    if let scalar = Unicode.Scalar(first) { return scalar }
    guard position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\") else {
      throw unexpected("the second half of a surrogate pair")
    }
    position += 1
    let second = try hexadecimal()
    guard (0xd800..<0xdc00).contains(first), (0xdc00..<0xe000).contains(second),
      let scalar = Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))
    else { throw unexpected("a surrogate pair") }
    return scalar
  }

  private mutating func hexadecimal() throws -> UInt32 {
    guard position + 5 <= bytes.count, bytes[position] == UInt8(ascii: "u"),
      let text = String(validating: bytes[(position + 1)..<(position + 5)], as: UTF8.self),
      let code = UInt32(text, radix: 16)
    else { throw unexpected("u and four hexadecimal digits") }
    position += 5
    return code
  }
}
