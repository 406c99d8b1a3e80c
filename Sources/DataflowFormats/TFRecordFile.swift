import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// A TFRecord file whose records are read in any order, from any number of threads.
///
///     let file = try TFRecordFile(url)
///     let example = try file.withRecord(17) { try TrainExample(encoded: $0) }
///
/// Only the places of the records are kept in memory. Some files stay open, and can then be read even where they are
/// removed meanwhile; others are opened for each record, so that no number of files uses up what a process may have
/// open.
public final class TFRecordFile: Sendable {
  /// The file.
  public let url: URL
  private let path: String
  /// Where the file stays open.
  private let openInput: PositionedInput?
  /// Where each record begins, and where the last one ends.
  private let starts: [Int]
  /// Memory for records, one piece a thread that reads.
  private let buffers = Mutex<[[UInt8]]>([])

  /// The number of records.
  public var count: Int { starts.count - 1 }

  /// Finds the records of a file by their lengths; contents are not read.
  ///
  /// - Throws: `FormatError` with file, record and offset where a length is damaged or the file ends within a
  ///   record, and for a compressed file, whose records cannot be found.
  public convenience init(_ url: URL) throws(FormatError) {
    var damage: FormatError?
    try self.init(url) { damage = $0 }
    if let damage { throw damage }
  }

  /// As above, but takes the records before the damage.
  ///
  /// - Parameter onDamage: is told of what cannot be read.
  public init(_ url: URL, onDamage: (FormatError) -> Void) throws(FormatError) {
    self.url = url
    path = url.path
    let input = try PositionedInput(url, path: path)
    openInput = input.stayOpen() ? input : nil
    var starts = [0]
    do throws(FormatError) {
      while starts.last! < input.size {
        starts.append(try Self.end(ofRecordAt: starts.last!, in: input))
      }
    } catch {
      onDamage(FormatError(error, file: url, record: starts.count - 1, start: starts.last!))
    }
    self.starts = starts
  }

  private static func end(
    ofRecordAt start: Int, in input: PositionedInput
  ) throws(FormatError) -> Int {
    let length = try TFRecordFraming.length(input.peek(TFRecordFraming.headerSize, at: start))
    let content = start + TFRecordFraming.headerSize
    guard length + TFRecordFraming.footerSize <= input.size - content else {
      throw TFRecordFraming.cutOff(length, after: input.size - content)
    }
    return content + length + TFRecordFraming.footerSize
  }

  /// The bytes of a record's content.
  public func byteCount(ofRecord index: Int) -> Int {
    starts[index + 1] - starts[index] - TFRecordFraming.headerSize - TFRecordFraming.footerSize
  }

  /// Calls `body` with a record's content, whose checksum has been verified.
  ///
  /// - Throws: `FormatError` with file, record and offset.
  public func withRecord<R>(
    _ index: Int, _ body: (UnsafeRawBufferPointer) throws -> R
  ) throws(FormatError) -> R {
    let start = starts[index]
    var buffer = buffers.withLock { $0.popLast() ?? [] }
    defer { buffers.withLock { [buffer] in $0.append(buffer) } }
    do {
      let size = starts[index + 1] - start
      if buffer.count < size { buffer = [UInt8](repeating: 0, count: size) }
      let input = try openInput ?? PositionedInput(url, path: path)
      return try buffer.withUnsafeMutableBytes { bytes in
        let record = UnsafeMutableRawBufferPointer(rebasing: bytes[..<size])
        try input.read(into: record, at: start)
        let content = UnsafeRawBufferPointer(rebasing: record[TFRecordFraming.headerSize...])
        return try body(TFRecordFraming.content(content, length: byteCount(ofRecord: index)))
      }
    } catch {
      throw FormatError(error, file: url, record: index, start: start)
    }
  }
}

/// A file that is read at places.
private final class PositionedInput: @unchecked Sendable {
  private static let windowSize = 1 << 12
  /// How many files more may stay open; far from what a process may have open.
  private static let room = Mutex(64)

  private let url: URL
  private let handle: Int32
  private var staysOpen = false
  let size: Int
  /// Some bytes of the file, so that short records need no call of the system each. For one thread alone.
  private var window: UnsafeMutableRawBufferPointer
  private var windowStart = 0

  /// - Parameter path: that of the URL, which takes a while to find out.
  init(_ url: URL, path: String) throws(FormatError) {
    self.url = url
    window = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    handle = open(path, O_RDONLY | O_CLOEXEC)
    size = handle < 0 ? -1 : Int(lseek(handle, 0, SEEK_END))
    guard size >= 0 else { throw AtomicFile.failure("cannot be read", url) }
  }

  deinit {
    window.deallocate()
    if handle >= 0 { close(handle) }
    if staysOpen { Self.room.withLock { $0 += 1 } }
  }

  /// Takes a place among the files that stay open, if there is one.
  func stayOpen() -> Bool {
    staysOpen = Self.room.withLock { room in
      guard room > 0 else { return false }
      room -= 1
      return true
    }
    return staysOpen
  }

  func read(into bytes: UnsafeMutableRawBufferPointer, at position: Int) throws(FormatError) {
    var done = 0
    while done < bytes.count {
      let got = pread(
        handle, bytes.baseAddress! + done, bytes.count - done, off_t(position + done))
      if got < 0 && errno == EINTR { continue }
      guard got >= 0 else { throw AtomicFile.failure("cannot be read", url) }
      guard got > 0 else {
        let size = lseek(handle, 0, SEEK_END)
        throw FormatError(damage: .truncated, "the file has become shorter: it has \(size) bytes")
      }
      done += got
    }
  }

  /// Up to `count` bytes, fewer where the file ends; valid until the next call.
  func peek(_ count: Int, at position: Int) throws(FormatError) -> UnsafeRawBufferPointer {
    let count = min(count, size - position)
    if position < windowStart || position + count > windowStart + window.count {
      let byteCount = min(Self.windowSize, size - position)
      if window.count != byteCount {
        window.deallocate()
        window = .allocate(byteCount: byteCount, alignment: 64)
      }
      windowStart = position
      try read(into: window, at: position)
    }
    let start = position - windowStart
    return UnsafeRawBufferPointer(rebasing: window[start..<start + count])
  }
}
