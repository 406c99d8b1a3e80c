import Foundation

/// Reads the records of a TFRecord file one after the other, checking their checksums.
///
///     var reader = try TFRecordReader(file)
///     while let record = try reader.next() { … }
public struct TFRecordReader {
  private let file: URL
  private let data: Data
  private var position: Int
  private var record = 0

  /// - Throws: `FormatError` where the file cannot be read.
  public init(_ file: URL) throws {
    self.file = file
    do {
      data = try Data(contentsOf: file, options: .mappedIfSafe)
    } catch {
      throw FormatError(file: file.path, "cannot be read: \(error.localizedDescription)")
    }
    position = data.startIndex
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
    guard position < data.count else { return nil }
    let start = position
    do {
      let result: R = try data.withUnsafeBytes { bytes in
        let length = try checkedLength(bytes, start)
        let content = UnsafeRawBufferPointer(rebasing: bytes[start + 12..<start + 12 + length])
        let stored = bytes.loadUnaligned(fromByteOffset: start + 12 + length, as: UInt32.self)
        guard CRC32C.masked(CRC32C.checksum(content)) == UInt32(littleEndian: stored) else {
          throw FormatError("the checksum of the record's \(length) bytes is wrong")
        }
        position = start + 16 + length
        return try body(content)
      }
      record += 1
      return result
    } catch let error as FormatError {
      position = data.count
      throw FormatError(file: file.path, offset: start, record: record, error.message)
    } catch {
      position = data.count
      throw FormatError(file: file.path, offset: start, record: record, "\(error)")
    }
  }

  private func checkedLength(_ bytes: UnsafeRawBufferPointer, _ start: Int) throws -> Int {
    guard bytes.count - start >= 12 else {
      throw FormatError("the file ends after \(bytes.count - start) of a record's first 12 bytes")
    }
    let header = UnsafeRawBufferPointer(rebasing: bytes[start..<start + 8])
    let stored = bytes.loadUnaligned(fromByteOffset: start + 8, as: UInt32.self)
    guard CRC32C.masked(CRC32C.checksum(header)) == UInt32(littleEndian: stored) else {
      throw FormatError("the checksum of the record's length is wrong")
    }
    let length = UInt64(littleEndian: header.loadUnaligned(as: UInt64.self))
    let left = bytes.count - start - 12
    guard left >= 4, length <= UInt64(left - 4) else {
      throw FormatError("the record has \(length) bytes, the file ends after \(max(0, left - 4))")
    }
    return Int(length)
  }
}
