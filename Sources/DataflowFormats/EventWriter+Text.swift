import ProtobufWire

extension EventWriter {
  /// Adds a text, which TensorBoard shows as Markdown.
  ///
  /// - Throws: `FormatError` where the file cannot be written.
  public func write(text: String, tag: String, step: Int) throws {
    try write(step: step) { summary in
      summary.field(1) {
        $0.field(1, string: tag)
        // A tensor of one string: type, shape and element.
        $0.field(8) {
          $0.field(1, varint: 7)
          $0.field(2) { $0.field(2) { $0.field(1, varint: 1) } }
          $0.field(8, string: text)
        }
        $0.field(9) { $0.field(1) { $0.field(1, string: "text") } }
      }
    }
  }
}
