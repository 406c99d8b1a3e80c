import ProtobufWire

/// What a field of a protocol-buffer message holds, one of it: a number, a text or a message.
package protocol ProtobufValue: Sendable {
  /// The value of a field that is not there.
  init()

  /// Whether the value is that of a field that is not there.
  var isDefault: Bool { get }

  /// Takes over what a field of the message that `reader` reads holds; parts of messages are merged.
  mutating func merge(
    _ field: ProtobufReader.Field, of reader: ProtobufReader
  ) throws(FormatError)

  /// Takes over the value that comes next in a text, with the colon before it.
  mutating func merge(text: inout ProtobufTextReader) throws(FormatError)

  /// Writes a field, whether or not the value is the default.
  func write(_ number: Int, to writer: inout ProtobufWriter)

  /// Writes a field as text, whether or not the value is the default.
  func write(_ name: String, to writer: inout ProtobufTextWriter)

  /// Appends what one field holds to a repeated one: one element or a packed list.
  static func append(
    _ field: ProtobufReader.Field, of reader: ProtobufReader, to list: inout [Self]
  ) throws(FormatError)

  /// Writes a repeated field: numbers packed into one field, everything else a field each.
  static func write(_ list: [Self], _ number: Int, to writer: inout ProtobufWriter)
}

extension ProtobufValue {
  package static func append(
    _ field: ProtobufReader.Field, of reader: ProtobufReader, to list: inout [Self]
  ) throws(FormatError) {
    var element = Self()
    try element.merge(field, of: reader)
    list.append(element)
  }

  package static func write(_ list: [Self], _ number: Int, to writer: inout ProtobufWriter) {
    for element in list { element.write(number, to: &writer) }
  }
}

extension ProtobufReader {
  func wrongType(_ expected: String) -> FormatError {
    FormatError(offset: offset, "the field before this place holds no \(expected)")
  }
}

extension [UInt8]: ProtobufValue {
  package var isDefault: Bool { isEmpty }

  package mutating func merge(
    _ field: ProtobufReader.Field, of reader: ProtobufReader
  ) throws(FormatError) {
    guard case .bytes(let content) = field else { throw reader.wrongType("bytes") }
    self = Array(content)
  }

  package mutating func merge(text: inout ProtobufTextReader) throws(FormatError) {
    self = try text.scalar { text throws(FormatError) in try text.quoted() }
  }

  package func write(_ number: Int, to writer: inout ProtobufWriter) {
    writer.field(number, bytes: self)
  }

  package func write(_ name: String, to writer: inout ProtobufTextWriter) {
    writer.field(name, quoted: self)
  }
}

extension String: ProtobufValue {
  package var isDefault: Bool { isEmpty }

  package mutating func merge(
    _ field: ProtobufReader.Field, of reader: ProtobufReader
  ) throws(FormatError) {
    guard case .bytes(let content) = field, let text = String(validating: content, as: UTF8.self)
    else { throw reader.wrongType("UTF-8 text") }
    self = text
  }

  package mutating func merge(text: inout ProtobufTextReader) throws(FormatError) {
    self = try text.scalar { text throws(FormatError) in
      let start = text.position
      guard let string = String(validating: try text.quoted(), as: UTF8.self) else {
        throw text.error(at: start, found: "other bytes", expected: "UTF-8 text")
      }
      return string
    }
  }

  package func write(_ number: Int, to writer: inout ProtobufWriter) {
    writer.field(number, string: self)
  }

  package func write(_ name: String, to writer: inout ProtobufTextWriter) {
    writer.field(name, quoted: Array(utf8))
  }
}
