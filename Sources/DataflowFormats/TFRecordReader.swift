import Foundation

/// Reads the records of a TFRecord file one after the other, checking their checksums.
///
///     var reader = try TFRecordReader(file)
///     while let record = try reader.next() { … }
///
/// A record is its length as uint64, that length's masked CRC32C, the content and the content's masked
/// CRC32C, little endian. Files in gzip's and zlib's form are read through the system's zlib. Memory is that of the largest record, whatever the size of the file.
public struct TFRecordReader {
  private static let headerSize = 12
  private static let footerSize = 4

  private let file: URL
  private let input: FileInput
  private var record = 0
  private var hasFailed = false

  /// - Throws: `FormatError` where the file cannot be read.
  public init(_ file: URL) throws(FormatError) {
    self.file = file
    input = try FileInput(file)
    do {
      if Self.isCompressed(try input.peek(Self.headerSize)) { try input.decompress() }
    } catch {
      throw FormatError(file: file.path, error.message)
    }
  }

  /// The next record, nil at the end of the file.
  ///
  /// - Throws: `FormatError` with file, record and offset; nothing can be read after it.
  public mutating func next() throws(FormatError) -> [UInt8]? { try nextRecord { Array($0) } }

  /// Calls `body` with the next record in place.
  ///
  /// - Returns: what `body` returns, nil at the end of the file.
  /// - Throws: `FormatError` with file, record and offset; nothing can be read after it.
  package mutating func nextRecord<R>(
    _ body: (UnsafeRawBufferPointer) throws -> R
  ) throws(FormatError) -> R? {
    if hasFailed { return nil }
    let start = input.position
    do {
      guard let length = try nextLength() else { return nil }
      let content = try nextContent(length)
      let result = try body(content)
      input.skip(length + Self.footerSize)
      record += 1
      return result
    } catch {
      hasFailed = true
      throw located(error, start)
    }
  }

  /// The same error with file, record and its place in the file.
  private func located(_ error: any Error, _ start: Int) -> FormatError {
    let inner = error as? FormatError
    // An offset within the content counts from the record's first byte.
    let offset = start + (inner?.offset.map { $0 + Self.headerSize } ?? 0)
    return FormatError(
      file: file.path, offset: offset, record: record, damage: inner?.damage,
      inner?.message ?? "\(error)")
  }

  private func nextLength() throws(FormatError) -> Int? {
    let header = try input.peek(Self.headerSize)
    guard !header.isEmpty else { return nil }
    guard header.count == Self.headerSize else {
      throw FormatError(
        damage: .truncated, "the file ends after \(header.count) of a record's first 12 bytes")
    }
    let stored = UInt32(littleEndian: header.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
    let covered = UnsafeRawBufferPointer(rebasing: header[..<8])
    guard CRC32C.masked(CRC32C.checksum(covered)) == stored else {
      throw FormatError(
        damage: .lengthChecksum, "the checksum of the record's length is wrong")
    }
    let length = UInt64(littleEndian: header.loadUnaligned(as: UInt64.self))
    input.skip(Self.headerSize)
    // No file is as long as this; `nextContent` tells how long it is.
    return Int(min(length, UInt64(Int.max / 2)))
  }

  private func nextContent(_ length: Int) throws(FormatError) -> UnsafeRawBufferPointer {
    let bytes = try input.peek(length + Self.footerSize)
    guard bytes.count == length + Self.footerSize else {
      throw FormatError(
        damage: .truncated,
        "the record has \(length) bytes and 4 of checksum, the file ends after \(bytes.count)")
    }
    let content = UnsafeRawBufferPointer(rebasing: bytes[..<length])
    let stored = UInt32(
      littleEndian: bytes.loadUnaligned(fromByteOffset: length, as: UInt32.self))
    guard CRC32C.masked(CRC32C.checksum(content)) == stored else {
      throw FormatError(
        damage: .contentChecksum, "the checksum of the record's \(length) bytes is wrong")
    }
    return content
  }

  /// Whether a file begins with no record's header, but as compressed files do.
  private static func isCompressed(_ header: UnsafeRawBufferPointer) -> Bool {
    guard header.count == headerSize else { return false }
    let stored = UInt32(littleEndian: header.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
    let covered = UnsafeRawBufferPointer(rebasing: header[..<8])
    return CRC32C.masked(CRC32C.checksum(covered)) != stored && Inflater.isCompressed(header)
  }
}
