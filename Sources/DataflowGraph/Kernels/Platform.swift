// The C library's functions, for naive references.
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Elementary functions as the C library computes them.
enum Platform {
  static func exp(_ x: Double) -> Double { scalarExp(x) }
  static func log(_ x: Double) -> Double { scalarLog(x) }
  static func tanh(_ x: Double) -> Double { scalarTanh(x) }
}

private let scalarExp: @Sendable (Double) -> Double = { exp($0) }
private let scalarLog: @Sendable (Double) -> Double = { log($0) }
private let scalarTanh: @Sendable (Double) -> Double = { tanh($0) }
