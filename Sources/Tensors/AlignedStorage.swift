/// A block of memory that starts on a cache line and is freed with its last reference.
///
/// The one place where tensors allocate. Readers and writers of the bytes agree among themselves:
/// a `Tensor` copies before it writes to shared storage, the runtime orders its steps.
package final class AlignedStorage: @unchecked Sendable {
  package static let alignment = 64

  package let base: UnsafeMutableRawPointer
  package let byteCount: Int
  /// Whether the memory is freed with the last reference; else it is somebody else's, who keeps it as long.
  let isOwner: Bool

  /// Allocates `byteCount` bytes, zeroed.
  package convenience init(byteCount: Int) {
    self.init(uninitialized: byteCount)
    base.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
  }

  /// Allocates bytes that the caller writes, all of them, before any is read.
  package init(uninitialized byteCount: Int) {
    base = LargeBlocks.allocate(byteCount: Self.blockSize(byteCount))
    self.byteCount = byteCount
    isOwner = true
  }

  /// Memory of somebody else, for reading.
  init(borrowing base: UnsafeMutableRawPointer, byteCount: Int) {
    self.base = base
    self.byteCount = byteCount
    isOwner = false
  }

  deinit {
    if isOwner { LargeBlocks.deallocate(base, byteCount: Self.blockSize(byteCount)) }
  }

  /// A whole number of cache lines, so that two blocks never share one.
  private static func blockSize(_ byteCount: Int) -> Int {
    max(byteCount, 1).roundedUp(toMultipleOf: alignment)
  }
}

extension Int {
  /// The smallest multiple of `unit` that is not below this number.
  package func roundedUp(toMultipleOf unit: Int) -> Int { (self + unit - 1) / unit * unit }
}
