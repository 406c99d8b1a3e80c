import ProtobufWire

/// A message that one table of fields describes, for the binary form and for the text.
package protocol ProtobufMessage: ProtobufValue {
  /// The format's own name of the message, for errors.
  static var messageName: String { get }
  /// The fields in the order in which they are written.
  static var fields: [ProtobufField<Self>] { get }
}

/// How deep messages may lie in each other, as in the format's own library.
let protobufDepthLimit = 100

extension ProtobufMessage {
  package var isDefault: Bool {
    var writer = ProtobufWriter()
    writeFields(to: &writer)
    return writer.bytes.isEmpty
  }

  /// Reads the binary form.
  ///
  /// - Throws: `FormatError` with the offset.
  init(encoded: [UInt8]) throws(FormatError) {
    self.init()
    let error = encoded.withUnsafeBytes { bytes -> FormatError? in
      do throws(FormatError) {
        try self.mergeFields(ProtobufReader(bytes))
        return nil
      } catch {
        return error
      }
    }
    if let error { throw error }
  }

  /// Reads the text form.
  ///
  /// - Throws: `FormatError` with line and column.
  init(text: [UInt8]) throws(FormatError) {
    self.init()
    var reader = ProtobufTextReader(text)
    try reader.message(&self, until: nil)
  }

  /// The binary form; equal messages have equal bytes.
  func encode() -> [UInt8] {
    var writer = ProtobufWriter()
    writeFields(to: &writer)
    return writer.bytes
  }

  /// The text form, in the same order.
  func printed() -> String {
    var writer = ProtobufTextWriter()
    for field in Self.fields { field.print(self, &writer) }
    return writer.text
  }

  private func writeFields(to writer: inout ProtobufWriter) {
    for field in Self.fields { field.encode(self, &writer) }
  }

  private mutating func mergeFields(_ message: ProtobufReader) throws(FormatError) {
    guard message.depth <= protobufDepthLimit else {
      throw FormatError(
        offset: message.offset, "more than \(protobufDepthLimit) messages lie in each other")
    }
    var reader = message
    while let (number, content) = try reader.next() {
      guard let field = Self.fields.first(where: { $0.number == number }) else { continue }
      do {
        try field.decode(&self, content, reader)
      } catch {
        guard !error.message.hasPrefix("in ") else { throw error }
        throw FormatError(
          offset: error.offset, "in \(Self.messageName).\(field.name): \(error.message)")
      }
    }
  }

  package mutating func merge(
    _ field: ProtobufReader.Field, of reader: ProtobufReader
  ) throws(FormatError) {
    guard case .bytes(let content) = field else { throw reader.wrongType("message") }
    try mergeFields(reader.nested(content))
  }

  package mutating func merge(text: inout ProtobufTextReader) throws(FormatError) {
    try text.nested { text, close throws(FormatError) in try text.message(&self, until: close) }
  }

  package func write(_ number: Int, to writer: inout ProtobufWriter) {
    writer.field(number) { writeFields(to: &$0) }
  }

  package func write(_ name: String, to writer: inout ProtobufTextWriter) {
    writer.message(name) { writer in
      for field in Self.fields { field.print(self, &writer) }
    }
  }
}
