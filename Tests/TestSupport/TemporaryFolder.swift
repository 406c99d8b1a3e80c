import Foundation

/// An empty folder of a test's own, removed with the last reference to it.
public final class TemporaryFolder: Sendable {
  /// Where it is.
  public let url: URL

  /// Makes a folder with a name that nothing else has.
  public init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent(
      "panna-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// A file in the folder, which need not be there.
  public func file(_ name: String) -> URL { url.appendingPathComponent(name) }

  /// Writes a file into the folder.
  public func write(_ bytes: [UInt8], to name: String) throws -> URL {
    try Data(bytes).write(to: file(name))
    return file(name)
  }

  /// Writes a text file into the folder.
  public func write(_ text: String, to name: String) throws -> URL {
    try write(Array(text.utf8), to: name)
  }

  /// The names of all that is in the folder, sorted.
  public var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: url.path).sorted() }
  }
}

extension [UInt8] {
  /// The bytes of a text of hexadecimal digits; blanks between them do not count.
  public init(hex: String) {
    let digits = hex.compactMap(\.hexDigitValue)
    precondition(digits.count.isMultiple(of: 2), "half a byte")
    self = stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
  }

  /// Copies of these bytes with one bit changed, for every bit.
  public var withEachBitFlipped: some Sequence<(bit: Int, bytes: [UInt8])> {
    (0..<8 * count).lazy.map { bit in
      var copy = self
      copy[bit / 8] ^= 1 << (bit % 8)
      return (bit, copy)
    }
  }
}
