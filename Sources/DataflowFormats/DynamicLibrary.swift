#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A library that a machine may have, opened while the program runs. It stays open.
package struct DynamicLibrary: @unchecked Sendable {
  // A handle of the system's, which any thread may use.
  private let handle: UnsafeMutableRawPointer
  private let name: String

  /// - Parameter names: under which the library may be known, the best first.
  /// - Returns: nil where there is none of them.
  package init?(_ names: [String]) {
    for name in names {
      guard let handle = dlopen(name, RTLD_NOW | RTLD_LOCAL) else { continue }
      self.handle = handle
      self.name = name
      return
    }
    return nil
  }

  /// The address of a function or variable.
  ///
  /// - Throws: `FormatError` where the library has none of that name.
  package func address(of symbol: String) throws(FormatError) -> UnsafeMutableRawPointer {
    guard let address = dlsym(handle, symbol) else {
      throw FormatError("the library \(name) has no \(symbol); expected another version of it")
    }
    return address
  }

  /// A function.
  ///
  /// - Parameter type: its type, `@convention(c)`.
  package func function<T>(_ symbol: String, as type: T.Type) throws(FormatError) -> T {
    unsafeBitCast(try address(of: symbol), to: type)
  }
}
