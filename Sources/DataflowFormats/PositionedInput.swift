import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// A file that is read at places.
final class PositionedInput: @unchecked Sendable {
  private static let windowSize = 1 << 12
  /// Of the window where what is looked at lies further apart than that.
  private static let smallWindowSize = 1 << 6
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

  /// How many bytes are in the processor's cache still when they have been read.
  static let pieceSize = 1 << 16

  /// Reads piece by piece and calls `inspect` with each while it is in the processor's cache.
  func readInPieces(
    into bytes: UnsafeMutableRawBufferPointer, at position: Int,
    _ inspect: (UnsafeRawBufferPointer) throws(FormatError) -> Void
  ) throws(FormatError) {
    for start in stride(from: 0, to: bytes.count, by: Self.pieceSize) {
      let piece = UnsafeMutableRawBufferPointer(
        rebasing: bytes[start..<min(start + Self.pieceSize, bytes.count)])
      try read(into: piece, at: position + start)
      try inspect(UnsafeRawBufferPointer(piece))
    }
  }

  /// Up to `count` bytes, fewer where the file ends; valid until the next call.
  func peek(_ count: Int, at position: Int) throws(FormatError) -> UnsafeRawBufferPointer {
    let count = min(count, size - position)
    if position < windowStart || position + count > windowStart + window.count {
      let isFar = position - windowStart > Self.windowSize
      let wanted = isFar ? Self.smallWindowSize : Self.windowSize
      let byteCount = min(max(wanted, count), size - position)
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
