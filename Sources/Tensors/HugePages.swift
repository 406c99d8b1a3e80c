#if canImport(Glibc)
  import Glibc
#endif

/// Memory in pages of some megabytes, where the system has them.
package enum HugePages {
  /// Smaller memory gains nothing.
  private static let least = 1 << 22

  /// Has the system give huge pages for memory that is about to be written for the first time.
  ///
  /// Every ordinary page costs a fault, which for descriptors of many atoms takes as long as a third of the
  /// computation. A wish, without effect on what the memory holds: where the system has no such pages it has none.
  package static func prefer(_ base: UnsafeMutableRawPointer, byteCount: Int) {
    #if canImport(Glibc)
      guard byteCount >= least else { return }
      let page = Int(sysconf(Int32(_SC_PAGESIZE)))
      let first = Int(bitPattern: base).roundedUp(toMultipleOf: page)
      let end = (Int(bitPattern: base) + byteCount) / page * page
      madvise(UnsafeMutableRawPointer(bitPattern: first), end - first, MADV_HUGEPAGE)
    #endif
  }
}
