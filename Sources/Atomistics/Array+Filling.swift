import Tensors

extension Array {
  /// An array of numbers that `body` writes, all of them.
  init(
    filling count: Int, _ body: (UnsafeMutableBufferPointer<Element>) -> Void
  ) where Element: BitwiseCopyable {
    self.init(unsafeUninitializedCapacity: count) { buffer, written in
      let elements = UnsafeMutableBufferPointer(start: buffer.baseAddress, count: count)
      if let base = elements.baseAddress {
        HugePages.prefer(base, byteCount: count * MemoryLayout<Element>.stride)
      }
      body(elements)
      written = count
    }
  }
}
