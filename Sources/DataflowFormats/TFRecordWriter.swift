import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// Writes TFRecord files: each record with its length and masked checksums of both.
public final class TFRecordWriter {
  private let file: URL
  /// Where the bytes go until the file is complete; the file itself where it grows in sight.
  private let target: URL
  private var handle: Int32
  private var buffer: [UInt8] = []

  /// A file that appears when `close` has succeeded, over an older one where there is one.
  ///
  /// - Throws: `FormatError` where it cannot be made.
  public convenience init(_ file: URL) throws {
    try self.init(file, target: AtomicFile.temporaryURL(for: file))
  }

  /// A file whose records can be read after each `flush`, as event files are; it begins empty.
  ///
  /// - Throws: `FormatError` where it cannot be made.
  public convenience init(growing file: URL) throws { try self.init(file, target: file) }

  private init(_ file: URL, target: URL) throws {
    self.file = file
    self.target = target
    handle = try AtomicFile.create(target, for: file)
  }

  deinit {
    guard handle >= 0 else { return }
    // A file that grows in sight keeps what it was given; another one was never there.
    if target == file { try? flush() }
    _ = close(handle)
    if target != file { unlink(target.path) }
  }

  /// Adds a record.
  ///
  /// - Throws: `FormatError` where the file cannot be written.
  public func write(_ record: [UInt8]) throws {
    precondition(handle >= 0, "\(file.path) was closed")
    let length = withUnsafeBytes(of: UInt64(record.count).littleEndian) { Array($0) }
    buffer += length
    append(CRC32C.masked(CRC32C.checksum(length)))
    buffer += record
    append(CRC32C.masked(CRC32C.checksum(record)))
    if buffer.count > 1 << 20 { try flush() }
  }

  private func append(_ checksum: UInt32) {
    withUnsafeBytes(of: checksum.littleEndian) { buffer += $0 }
  }

  /// Hands what was written to the operating system.
  public func flush() throws {
    try buffer.withUnsafeBytes { try AtomicFile.writeAll($0, to: handle, file) }
    buffer.removeAll(keepingCapacity: true)
  }

  /// Completes the file: forces it to disk and gives it its name.
  ///
  /// - Throws: `FormatError` where that fails; the file is not there then, or as it was before.
  public func close() throws {
    guard handle >= 0 else { return }
    try flush()
    let handle = handle
    self.handle = -1
    if target == file {
      guard fsync(handle) == 0, close(handle) == 0 else {
        throw AtomicFile.failure("cannot be written", file)
      }
    } else {
      try AtomicFile.finish(handle, target, file)
    }
  }

  private func close(_ handle: Int32) -> Int32 {
    #if canImport(Darwin)
      Darwin.close(handle)
    #else
      Glibc.close(handle)
    #endif
  }
}
