import Tensors

/// A floating-point type that kernels are written for.
///
/// Kernels of generic classes are called through a protocol, which the compiler does not specialise
/// by itself: their `run` says `@specialized` for each type.
package protocol KernelFloat: KernelNumber, BinaryFloatingPoint {
  static func vectorExp(_ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>, _ count: Int)
  static func vectorLog(_ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>, _ count: Int)
  static func vectorTanh(_ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>, _ count: Int)
}

extension KernelFloat {
  package static var isInteger: Bool { false }
  package static var minusOne: Self { -1 }
  package static var lowest: Self { -.infinity }
  package static var highest: Self { .infinity }
  package static var lowestFinite: Self { -.greatestFiniteMagnitude }
  package static var highestFinite: Self { .greatestFiniteMagnitude }

  package init(truncating value: Int) { self = Self(value) }
  package init(constant: Double) { self = Self(constant) }

  package static func sum(_ x: UnsafePointer<Self>, _ count: Int) -> Self { vectorSum(x, count) }

  package static func apply(
    _ function: UnaryFunction, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>,
    _ count: Int
  ) {
    switch function {
    // The vectors' own minus is 0 - x, which is 0 for 0.
    case .negate: map(x, y, count) { Lanes<Self>(repeating: -Self.zero) - $0 }
    case .absolute: mapEach(x, y, count) { $0.magnitude }
    case .square: map(x, y, count) { $0 * $0 }
    case .squareRoot: map(x, y, count) { $0.squareRoot() }
    case .reciprocal: map(x, y, count) { 1 / $0 }
    case .exp: vectorExp(x, y, count)
    case .log: vectorLog(x, y, count)
    case .tanh: vectorTanh(x, y, count)
    case .floor: mapEach(x, y, count) { $0.rounded(.down) }
    case .ceil: mapEach(x, y, count) { $0.rounded(.up) }
    case .round: mapEach(x, y, count) { $0.rounded(.toNearestOrEven) }
    default: applyLibrary(function, x, y, count)
    }
  }

  /// The C library's functions: computed in `Double`, so that `Float` results are rounded once.
  private static func applyLibrary(
    _ function: UnaryFunction, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>,
    _ count: Int
  ) {
    switch function {
    case .expm1: mapEach(x, y, count) { Self(Platform.expm1(Double($0))) }
    case .log1p: mapEach(x, y, count) { Self(Platform.log1p(Double($0))) }
    case .sin: mapEach(x, y, count) { Self(Platform.sin(Double($0))) }
    case .cos: mapEach(x, y, count) { Self(Platform.cos(Double($0))) }
    case .tan: mapEach(x, y, count) { Self(Platform.tan(Double($0))) }
    case .asin: mapEach(x, y, count) { Self(Platform.asin(Double($0))) }
    case .acos: mapEach(x, y, count) { Self(Platform.acos(Double($0))) }
    case .atan: mapEach(x, y, count) { Self(Platform.atan(Double($0))) }
    case .sinh: mapEach(x, y, count) { Self(Platform.sinh(Double($0))) }
    case .cosh: mapEach(x, y, count) { Self(Platform.cosh(Double($0))) }
    case .asinh: mapEach(x, y, count) { Self(Platform.asinh(Double($0))) }
    case .acosh: mapEach(x, y, count) { Self(Platform.acosh(Double($0))) }
    case .atanh: mapEach(x, y, count) { Self(Platform.atanh(Double($0))) }
    case .erf: mapEach(x, y, count) { Self(Platform.erf(Double($0))) }
    case .erfc: mapEach(x, y, count) { Self(Platform.erfc(Double($0))) }
    default: preconditionFailure("\(function) is applied elsewhere")
    }
  }

  package static func apply(
    _ function: BinaryFunction, _ a: UnsafePointer<Self>, _ b: UnsafePointer<Self>,
    _ y: UnsafeMutablePointer<Self>, _ count: Int
  ) {
    switch function {
    case .add: map(a, b, y, count) { $0 + $1 }
    case .subtract: map(a, b, y, count) { $0 - $1 }
    case .multiply: map(a, b, y, count) { $0 * $1 }
    case .divide: map(a, b, y, count) { $0 / $1 }
    case .truncatedQuotient: mapEach(a, b, y, count) { ($0 / $1).rounded(.towardZero) }
    case .truncatedRemainder: mapEach(a, b, y, count) { $0.truncatingRemainder(dividingBy: $1) }
    case .flooredQuotient: mapEach(a, b, y, count) { ($0 / $1).rounded(.down) }
    case .flooredRemainder: mapEach(a, b, y, count) { $0.flooredRemainder($1) }
    case .power:
      mapEach(a, b, y, count) { Self(Platform.pow(Double($0.flushed), Double($1.flushed))) }
    case .atan2:
      mapEach(a, b, y, count) { Self(Platform.atan2(Double($0.flushed), Double($1.flushed))) }
    default: preconditionFailure("\(function) is applied elsewhere")
    }
  }

  /// Zero with the sign of a subnormal number, any other number as it is: the C library takes numbers apart by their
  /// bits, and computes with the parts of a subnormal one what is neither its result nor zero's where the processor
  /// reads such numbers as zero.
  @inline(__always)
  fileprivate var flushed: Self {
    exponentBitPattern == 0 ? (sign == .minus ? -Self.zero : Self.zero) : self
  }

  /// The remainder with the sign of the divisor.
  fileprivate func flooredRemainder(_ divisor: Self) -> Self {
    let remainder = truncatingRemainder(dividingBy: divisor)
    return remainder != 0 && (remainder < 0) != (divisor < 0) ? remainder + divisor : remainder
  }
}

/// Makes a kernel for the floating-point type at hand.
func makeFloatKernel(
  _ type: ElementType, _ float: () -> any Kernel, _ double: () -> any Kernel
) throws -> any Kernel {
  switch type {
  case .float32: return float()
  case .float64: return double()
  default: throw GraphError("there is no kernel for \(type); allowed: float, double")
  }
}
