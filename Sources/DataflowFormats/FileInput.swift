import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// Reads a file from front to back through a buffer of bounded size.
///
/// The buffer grows to the largest piece that is asked for and is there, never to a length that a
/// damaged file claims.
final class FileInput {
  static let chunk = 1 << 18

  private let file: URL
  private let handle: Int32
  private var buffer: UnsafeMutableRawBufferPointer
  private var start = 0
  private var end = 0
  private var isAtEndOfFile = false
  /// What takes the compression back, and the compressed bytes that it has not taken in.
  private var inflater: Inflater?
  private var compressed: ArraySlice<UInt8> = []
  /// Where in the file the next byte is.
  private(set) var position = 0

  init(_ file: URL) throws(FormatError) {
    self.file = file
    handle = open(file.path, O_RDONLY | O_CLOEXEC)
    guard handle >= 0 else { throw AtomicFile.failure("cannot be read", file) }
    buffer = .allocate(byteCount: Self.chunk, alignment: 64)
  }

  deinit {
    guard handle >= 0 else { return }
    buffer.deallocate()
    _ = close(handle)
  }

  /// The next `count` bytes, fewer where the file ends; valid until the next call.
  func peek(_ count: Int) throws(FormatError) -> UnsafeRawBufferPointer {
    while end - start < count && !isAtEndOfFile { try fill(for: count) }
    return UnsafeRawBufferPointer(rebasing: buffer[start..<min(end, start + count)])
  }

  /// Leaves out bytes that were peeked at.
  func skip(_ count: Int) {
    precondition(count <= end - start, "bytes that were not read are skipped")
    start += count
    position += count
  }

  /// Takes what follows for the content of a file in gzip's or zlib's form.
  func decompress() throws(FormatError) {
    inflater = try Inflater()
    compressed = Array(UnsafeRawBufferPointer(rebasing: buffer[start..<end]))[...]
    (start, end) = (0, 0)
  }

  private func fill(for count: Int) throws(FormatError) {
    if start + count > buffer.count || end == buffer.count { makeRoom(for: count) }
    let room = UnsafeMutableRawBufferPointer(rebasing: buffer[end...])
    let got: Int
    if let inflater {
      got = try inflated(by: inflater, into: room)
    } else {
      got = try nextBytes(into: room)
    }
    isAtEndOfFile = got == 0
    end += got
  }

  /// The file's next bytes, at least one if there are any.
  private func nextBytes(into room: UnsafeMutableRawBufferPointer) throws(FormatError) -> Int {
    while true {
      let got = read(handle, room.baseAddress, room.count)
      if got >= 0 { return got }
      guard errno == EINTR else { throw AtomicFile.failure("cannot be read", file) }
    }
  }

  private func inflated(
    by inflater: Inflater, into room: UnsafeMutableRawBufferPointer
  ) throws(FormatError) -> Int {
    while true {
      if compressed.isEmpty {
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.chunk, alignment: 64)
        defer { chunk.deallocate() }
        let got = try nextBytes(into: chunk)
        if got == 0 { return 0 }
        compressed = Array(chunk[..<got])[...]
      }
      let result = compressed.withUnsafeBytes { bytes in
        Result { () throws(FormatError) in try inflater.inflate(bytes, into: room) }
      }
      let (read, written) = try result.get()
      compressed = compressed.dropFirst(read)
      if written > 0 { return written }
      if read == 0 {
        throw FormatError(file: file.path, "is compressed in a way that does not end")
      }
    }
  }

  private func makeRoom(for count: Int) {
    let unread = UnsafeRawBufferPointer(rebasing: buffer[start..<end])
    // Doubled as bytes arrive, so that a claimed length alone allocates nothing.
    var capacity = buffer.count
    if unread.count == capacity { capacity = min(2 * capacity, count) }
    if capacity > buffer.count {
      let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 64)
      larger.copyMemory(from: unread)
      buffer.deallocate()
      buffer = larger
    } else if start > 0 {
      memmove(buffer.baseAddress!, unread.baseAddress!, unread.count)
    }
    (start, end) = (0, unread.count)
  }
}
