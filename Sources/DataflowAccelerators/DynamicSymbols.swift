#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A driver's library, opened while the program runs. It stays open.
struct DynamicSymbols: @unchecked Sendable {
  // A handle of the system's, which any thread may use.
  private let handle: UnsafeMutableRawPointer
  /// Under which name it was found.
  let path: String

  /// - Parameter paths: names or paths under which the library may be, the best first.
  /// - Throws: `AcceleratorError` with what the system says of the first.
  init(_ paths: [String]) throws(AcceleratorError) {
    var reason: String?
    for path in paths {
      if let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL) {
        self.handle = handle
        self.path = path
        return
      }
      if reason == nil, let text = dlerror() { reason = String(cString: text) }
    }
    throw AcceleratorError(reason ?? "no library is named")
  }

  /// A function.
  ///
  /// - Parameter type: its type, `@convention(c)`.
  /// - Throws: `AcceleratorError` where the library has none of that name.
  func function<T>(_ symbol: String, as type: T.Type = T.self) throws(AcceleratorError) -> T {
    guard let address = dlsym(handle, symbol) else {
      throw AcceleratorError("\(path) has no \(symbol)")
    }
    return unsafeBitCast(address, to: type)
  }
}

/// A value of the process's environment.
func environmentValue(_ name: String) -> String? {
  getenv(name).map { String(cString: $0) }
}
