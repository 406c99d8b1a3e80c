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
    try buffer.withUnsafeBytes { try AtomicFile.writeAll($0, to: handle, file) }
    buffer.removeAll(keepingCapacity: true)
  }

  /// Completes the file.
  ///
  /// - Parameter other: in the same folder, the name that it gets instead of its own.
  package func finish(as other: URL? = nil) throws {
    try flush()
    let handle = handle
    // Whatever comes of it, the handle is closed and the temporary file gone.
    self.handle = -1
    try AtomicFile.finish(handle, temporary, other ?? file)
  }
}
