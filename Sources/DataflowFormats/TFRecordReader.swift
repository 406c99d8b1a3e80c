import Foundation

/// Reads the records of a TFRecord file one after the other, checking their checksums.
///
///     var reader = try TFRecordReader(file)
///     while let record = try reader.next() { … }
///
/// Files in gzip's and zlib's form are read through the system's zlib. Memory is that of the largest record,
/// whatever the size of the file.
public struct TFRecordReader {
  private let file: URL
  private let input: FileInput
  private var record = 0
  private var isDone = false

  /// - Throws: `FormatError` where the file cannot be read.
  public init(_ file: URL) throws(FormatError) {
    self.file = file
    input = try FileInput(file)
    do {
      if Self.isCompressed(try input.peek(TFRecordFraming.headerSize)) { try input.decompress() }
    } catch {
      throw FormatError(file: file.path, error.message)
    }
  }

  /// The next record, nil at the end of the file.
  ///
  /// - Throws: `FormatError` with file, record and offset. Only after a damaged content is there more to be read.
  public mutating func next() throws(FormatError) -> [UInt8]? { try nextRecord { Array($0) } }

  /// Calls `body` with the next record in place.
  ///
  /// - Returns: what `body` returns, nil at the end of the file.
  /// - Throws: `FormatError` with file, record and offset. Only after a damaged content, or what `body` throws, is there
  ///   more to be read.
  package mutating func nextRecord<R>(
    _ body: (UnsafeRawBufferPointer) throws -> R
  ) throws(FormatError) -> R? {
    if isDone { return nil }
    let (start, number) = (input.position, record)
    // Until the end of this record is found.
    isDone = true
    do {
      guard let length = try nextLength() else { return nil }
      let size = length + TFRecordFraming.footerSize
      let bytes = try input.peek(size)
      isDone = bytes.count < size
      defer {
        input.skip(bytes.count)
        record += 1
      }
      return try body(TFRecordFraming.content(bytes, length: length))
    } catch {
      throw FormatError(error, file: file, record: number, start: start)
    }
  }

  private func nextLength() throws(FormatError) -> Int? {
    let header = try input.peek(TFRecordFraming.headerSize)
    guard !header.isEmpty else { return nil }
    let length = try TFRecordFraming.length(header)
    input.skip(TFRecordFraming.headerSize)
    return length
  }

  /// Whether a file is in gzip's or zlib's form.
  ///
  /// - Throws: `FormatError` where it cannot be read.
  package static func isCompressed(_ file: URL) throws(FormatError) -> Bool {
    let input = try FileInput(file)
    defer { withExtendedLifetime(input) {} }
    return isCompressed(try input.peek(TFRecordFraming.headerSize))
  }

  /// Whether a file begins with no record's header, but as compressed files do.
  private static func isCompressed(_ header: UnsafeRawBufferPointer) -> Bool {
    header.count == TFRecordFraming.headerSize && !TFRecordFraming.isHeader(header)
      && Inflater.isCompressed(header)
  }
}
