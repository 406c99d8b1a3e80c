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

  /// A file that appears when `close` has succeeded.
  public convenience init(_ file: URL) throws {
    try self.init(file, target: AtomicFile.temporaryURL(for: file))
  }

  /// A file whose records can be read after each `flush`, as event files are.
  public convenience init(growing file: URL) throws { try self.init(file, target: file) }

  private init(_ file: URL, target: URL) throws {
    self.file = file
    self.target = target
    handle = try AtomicFile.create(target)
  }

  deinit {
    guard handle >= 0 else { return }
    _ = close(handle)
    if target != file { unlink(target.path) }
  }

  public func write(_ record: [UInt8]) throws {
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

  /// Completes the file.
  public func close() throws {
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
