#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// How much memory this process may use.
public enum MemoryLimit {
  /// What the machine has, or its control group allows where that is less, in bytes.
  public static var available: Int {
    choose(
      physical: Int(sysconf(Int32(_SC_PHYS_PAGES))) * Int(sysconf(Int32(_SC_PAGESIZE))),
      reading: ThreadLimits.contents(ofFile:))
  }

  static func choose(physical: Int, reading read: (String) -> String?) -> Int {
    guard let limit = ControlGroup.memory(reading: read), limit > 0 else { return physical }
    return limit < Double(physical) ? Int(limit) : physical
  }
}
