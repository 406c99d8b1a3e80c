import Foundation

/// What stands around the content of a TFRecord: its length as uint64, that length's masked CRC32C, and
/// behind the content the content's masked CRC32C, little endian.
enum TFRecordFraming {
  static let headerSize = 12
  static let footerSize = 4

  /// The length of the content behind a header.
  ///
  /// - Throws: `FormatError` for a header that is cut off or damaged.
  static func length(_ header: UnsafeRawBufferPointer) throws(FormatError) -> Int {
    guard header.count == headerSize else {
      throw FormatError(
        damage: .truncated, "the file ends after \(header.count) of a record's first 12 bytes")
    }
    guard isHeader(header) else {
      throw FormatError(
        damage: .lengthChecksum, "the checksum of the record's length is wrong")
    }
    let length = UInt64(littleEndian: header.loadUnaligned(as: UInt64.self))
    // No file is as long as this; who reads on finds how long it is.
    return Int(min(length, UInt64(Int.max / 2)))
  }

  /// Whether the checksum of a length is right.
  static func isHeader(_ header: UnsafeRawBufferPointer) -> Bool {
    let stored = UInt32(littleEndian: header.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
    return CRC32C.masked(CRC32C.checksum(UnsafeRawBufferPointer(rebasing: header[..<8]))) == stored
  }

  /// The content of what follows a header, verified.
  ///
  /// - Parameter bytes: content and checksum, or as many of them as the file has.
  static func content(
    _ bytes: UnsafeRawBufferPointer, length: Int
  ) throws(FormatError) -> UnsafeRawBufferPointer {
    guard bytes.count == length + footerSize else { throw cutOff(length, after: bytes.count) }
    let content = UnsafeRawBufferPointer(rebasing: bytes[..<length])
    return try self.content(bytes, length: length, checksum: CRC32C.checksum(content))
  }

  /// The content of what follows a header, if its checksum is the one behind it.
  ///
  /// - Parameters:
  ///   - bytes: content and checksum.
  ///   - checksum: that of the content.
  static func content(
    _ bytes: UnsafeRawBufferPointer, length: Int, checksum: UInt32
  ) throws(FormatError) -> UnsafeRawBufferPointer {
    let stored = UInt32(
      littleEndian: bytes.loadUnaligned(fromByteOffset: length, as: UInt32.self))
    guard CRC32C.masked(checksum) == stored else {
      throw FormatError(
        damage: .contentChecksum, "the checksum of the record's \(length) bytes is wrong")
    }
    return UnsafeRawBufferPointer(rebasing: bytes[..<length])
  }

  static func cutOff(_ length: Int, after count: Int) -> FormatError {
    FormatError(
      damage: .truncated,
      "the record has \(length) bytes and 4 of checksum, the file ends after \(count)")
  }
}

extension FormatError {
  /// What went wrong with a record, with its place in the file.
  ///
  /// - Parameter start: where the record begins.
  init(_ error: any Error, file: URL, record: Int, start: Int) {
    let inner = error as? FormatError
    // An offset within the content counts from the record's first byte.
    let offset = start + (inner?.offset.map { $0 + TFRecordFraming.headerSize } ?? 0)
    self.init(
      file: file.path, offset: offset, record: record, damage: inner?.damage,
      inner?.message ?? "\(error)")
  }
}
