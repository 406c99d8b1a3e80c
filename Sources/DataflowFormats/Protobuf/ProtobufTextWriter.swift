/// Writes the text form of protocol buffers, one field a line.
package struct ProtobufTextWriter {
  private(set) var text = ""
  private var depth = 0

  /// A number, name or truth value.
  mutating func field(_ name: String, _ value: String) {
    indent()
    text += "\(name): \(value)\n"
  }

  /// Bytes in quotation marks; those that are no printable ASCII are written as octal numbers.
  mutating func field(_ name: String, quoted bytes: [UInt8]) {
    var quoted: [UInt8] = []
    quoted.reserveCapacity(2 * bytes.count)
    for byte in bytes { Self.append(byte, to: &quoted) }
    indent()
    text += "\(name): \""
    text += String(decoding: quoted, as: UTF8.self)
    text += "\"\n"
  }

  /// A message in braces.
  mutating func message(_ name: String, _ body: (inout ProtobufTextWriter) -> Void) {
    indent()
    text += "\(name) {\n"
    depth += 1
    body(&self)
    depth -= 1
    indent()
    text += "}\n"
  }

  private mutating func indent() { text += String(repeating: "  ", count: depth) }

  private static func append(_ byte: UInt8, to quoted: inout [UInt8]) {
    let backslash = UInt8(ascii: "\\")
    switch byte {
    case 10: quoted += [backslash, UInt8(ascii: "n")]
    case 13: quoted += [backslash, UInt8(ascii: "r")]
    case 9: quoted += [backslash, UInt8(ascii: "t")]
    case UInt8(ascii: "\""), UInt8(ascii: "'"), backslash: quoted += [backslash, byte]
    case 0x20..<0x7F: quoted.append(byte)
    default:
      let zero = UInt8(ascii: "0")
      quoted += [backslash, zero + byte >> 6, zero + (byte >> 3 & 7), zero + byte & 7]
    }
  }
}
