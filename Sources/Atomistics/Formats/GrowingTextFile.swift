import Dataflow
import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// A text file that is written bit by bit and appears under its name when it is complete.
package final class GrowingTextFile {
  package let file: URL
  private let temporary: URL
  private var handle: Int32
  private var buffer: [UInt8] = []
  /// The bytes in the file, all of them of whole texts.
  private var size = 0

  package init(_ file: URL) throws {
    self.file = file
    temporary = AtomicFile.temporaryURL(for: file)
    handle = try AtomicFile.create(temporary, for: file)
  }

  deinit {
    guard handle >= 0 else { return }
    close(handle)
    unlink(temporary.path)
  }

  package func write(_ text: String) throws {
    buffer += text.utf8
    if buffer.count > 1 << 18 { try flush() }
  }

  private func flush() throws {
    do {
      try buffer.withUnsafeBytes { try AtomicFile.writeAll($0, to: handle, file) }
    } catch {
      // What was written of it is taken back, for it may be written again or never.
      ftruncate(handle, off_t(size))
      lseek(handle, off_t(size), SEEK_SET)
      throw error
    }
    size += buffer.count
    buffer.removeAll(keepingCapacity: true)
  }

  /// Completes the file, unless that was done already.
  ///
  /// - Parameter other: in the same folder, the name that it gets instead of its own, as a part of what it was to
  ///   be; texts that cannot be written any more are then left out of it, and the error is thrown all the same.
  package func finish(as other: URL? = nil) throws {
    guard handle >= 0 else { return }
    let rest = Result { try flush() }
    if other == nil || size == 0 { try rest.get() }
    let handle = handle
    // Whatever comes of it, the handle is closed and the temporary file gone.
    self.handle = -1
    try AtomicFile.finish(handle, temporary, other ?? file)
    try rest.get()
  }
}
