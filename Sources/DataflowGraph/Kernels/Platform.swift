// The C library's functions, for kernels and naive references.
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Elementary functions as the C library computes them, and what is found by name.
enum Platform {
  /// A function of the libraries that the process has loaded.
  static func function(named name: String) -> UnsafeMutableRawPointer? { libraryFunction(name) }

  /// What a variable of the environment says, nil where it is not set.
  static func environment(_ name: String) -> String? { libraryEnvironment(name) }

  /// Sets a variable of the environment, or with nil removes it.
  static func setEnvironment(_ name: String, _ text: String?) {
    librarySetEnvironment(name, text)
  }

  /// Writes to the standard error.
  static func writeError(_ text: String) { libraryWriteError(text) }

  static func exp(_ x: Double) -> Double { libraryExp(x) }
  static func log(_ x: Double) -> Double { libraryLog(x) }
  static func tanh(_ x: Double) -> Double { libraryTanh(x) }
  static func expm1(_ x: Double) -> Double { libraryExpm1(x) }
  static func log1p(_ x: Double) -> Double { libraryLog1p(x) }
  static func erf(_ x: Double) -> Double { libraryErf(x) }
  static func erfc(_ x: Double) -> Double { libraryErfc(x) }
  static func sin(_ x: Double) -> Double { librarySin(x) }
  static func cos(_ x: Double) -> Double { libraryCos(x) }
  static func tan(_ x: Double) -> Double { libraryTan(x) }
  static func asin(_ x: Double) -> Double { libraryAsin(x) }
  static func acos(_ x: Double) -> Double { libraryAcos(x) }
  static func atan(_ x: Double) -> Double { libraryAtan(x) }
  static func sinh(_ x: Double) -> Double { librarySinh(x) }
  static func cosh(_ x: Double) -> Double { libraryCosh(x) }
  static func asinh(_ x: Double) -> Double { libraryAsinh(x) }
  static func acosh(_ x: Double) -> Double { libraryAcosh(x) }
  static func atanh(_ x: Double) -> Double { libraryAtanh(x) }
  static func pow(_ x: Double, _ y: Double) -> Double { libraryPow(x, y) }
  static func atan2(_ y: Double, _ x: Double) -> Double { libraryAtan2(y, x) }
}

// Inside the enumeration the short names are its own.
private func libraryFunction(_ name: String) -> UnsafeMutableRawPointer? { dlsym(nil, name) }
private func libraryEnvironment(_ name: String) -> String? {
  getenv(name).map { String(cString: $0) }
}
private func librarySetEnvironment(_ name: String, _ text: String?) {
  if let text { setenv(name, text, 1) } else { unsetenv(name) }
}
private func libraryWriteError(_ text: String) {
  var rest = Array(text.utf8)[...]
  while !rest.isEmpty {
    let written = rest.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
    guard written > 0 else { return }
    rest = rest.dropFirst(written)
  }
}
private func libraryExp(_ x: Double) -> Double { exp(x) }
private func libraryLog(_ x: Double) -> Double { log(x) }
private func libraryTanh(_ x: Double) -> Double { tanh(x) }
private func libraryExpm1(_ x: Double) -> Double { expm1(x) }
private func libraryLog1p(_ x: Double) -> Double { log1p(x) }
private func libraryErf(_ x: Double) -> Double { erf(x) }
private func libraryErfc(_ x: Double) -> Double { erfc(x) }
private func librarySin(_ x: Double) -> Double { sin(x) }
private func libraryCos(_ x: Double) -> Double { cos(x) }
private func libraryTan(_ x: Double) -> Double { tan(x) }
private func libraryAsin(_ x: Double) -> Double { asin(x) }
private func libraryAcos(_ x: Double) -> Double { acos(x) }
private func libraryAtan(_ x: Double) -> Double { atan(x) }
private func librarySinh(_ x: Double) -> Double { sinh(x) }
private func libraryCosh(_ x: Double) -> Double { cosh(x) }
private func libraryAsinh(_ x: Double) -> Double { asinh(x) }
private func libraryAcosh(_ x: Double) -> Double { acosh(x) }
private func libraryAtanh(_ x: Double) -> Double { atanh(x) }
private func libraryPow(_ x: Double, _ y: Double) -> Double { pow(x, y) }
private func libraryAtan2(_ y: Double, _ x: Double) -> Double { atan2(y, x) }
