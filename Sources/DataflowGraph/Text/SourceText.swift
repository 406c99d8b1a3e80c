/// A graph's text as bytes, and where in it something is.
struct SourceText: Sendable {
  /// What errors call it.
  let file: String
  let bytes: [UInt8]

  init(_ text: String, file: String) {
    self.file = file
    bytes = Array(text.utf8)
  }

  /// The text of some bytes.
  func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

  /// The number of the line of a byte, counted from 1.
  func line(of offset: Int) -> Int { bytes[..<min(offset, bytes.count)].count { $0 == 0x0A } + 1 }

  /// An error at a byte.
  func error(_ message: String, at offset: Int) -> GraphTextError {
    let offset = min(offset, bytes.count)
    let start = bytes[..<offset].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    let end = bytes[offset...].firstIndex { $0 == 0x0A || $0 == 0x0D } ?? bytes.count
    let before = text(start..<offset).map { $0 == "\t" ? " " : $0 }
    let after = text(offset..<min(end, offset + 60))
    // Of a long line, such as a large constant, what is around the place.
    let shown = before.suffix(60)
    let ellipses = (shown.count < before.count ? "…" : "", end > offset + 60 ? "…" : "")
    return GraphTextError(
      message: message, file: file, line: line(of: offset), column: before.count + 1,
      excerpt: ellipses.0 + String(shown) + after + ellipses.1,
      caret: shown.count + ellipses.0.count)
  }
}
