#if canImport(Glibc)
  import Glibc
#endif

/// Memory in pages of some megabytes, where the system has them.
enum HugePages {
  /// Smaller memory gains nothing.
  private static let least = 1 << 22

  /// Has the system give huge pages for memory that is about to be written for the first time.
  ///
  /// Every ordinary page costs a fault, which for descriptors of many atoms takes as long as a third of the
  /// computation. A wish, without effect on what the memory holds: where the system has no such pages it has none.
  static func prefer(_ base: UnsafeMutableRawPointer, byteCount: Int) {
    #if canImport(Glibc)
      guard byteCount >= least else { return }
      let page = Int(sysconf(Int32(_SC_PAGESIZE)))
      let first = Int(bitPattern: base).roundedUp(toMultipleOf: page)
      let end = (Int(bitPattern: base) + byteCount) / page * page
      madvise(UnsafeMutableRawPointer(bitPattern: first), end - first, MADV_HUGEPAGE)
    #endif
  }
}

extension Array {
  /// An array of numbers that `body` writes, all of them.
  package init(
    filling count: Int, _ body: (UnsafeMutableBufferPointer<Element>) -> Void
  ) where Element: BitwiseCopyable {
    self.init(unsafeUninitializedCapacity: count) { buffer, written in
      let elements = UnsafeMutableBufferPointer(rebasing: buffer.prefix(count))
      if let base = elements.baseAddress {
        HugePages.prefer(base, byteCount: count * MemoryLayout<Element>.stride)
      }
      body(elements)
      written = count
    }
  }
}
