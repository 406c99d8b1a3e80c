import Tensors

/// A type of whole numbers that kernels are written for.
package protocol KernelInteger: KernelNumber, FixedWidthInteger {}

extension Int32: KernelInteger {}
extension Int64: KernelInteger {}
extension UInt8: KernelInteger {}

extension KernelInteger {
  package static var isInteger: Bool { true }
  package static var minusOne: Self { 0 &- 1 }
  package static var lowest: Self { min }
  package static var highest: Self { max }
  package static var lowestFinite: Self { min }
  package static var highestFinite: Self { max }

  package init(truncating value: Int) { self = Self(truncatingIfNeeded: value) }
  package init(constant: Double) { self = Self(constant) }

  package static func sum(_ x: UnsafePointer<Self>, _ count: Int) -> Self {
    var total: Self = 0
    for index in 0..<count { total = total &+ x[index] }
    return total
  }

  package static func apply(
    _ function: UnaryFunction, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>,
    _ count: Int
  ) {
    let zero = Lanes<Self>(repeating: 0)
    switch function {
    case .negate: map(x, y, count) { zero &- $0 }
    case .absolute: map(x, y, count) { $0.replacing(with: zero &- $0, where: $0 .< zero) }
    case .square: map(x, y, count) { $0 &* $0 }
    case .floor, .ceil, .round: map(x, y, count) { $0 }
    default: preconditionFailure("\(function) of whole numbers")
    }
  }

  package static func apply(
    _ function: BinaryFunction, _ a: UnsafePointer<Self>, _ b: UnsafePointer<Self>,
    _ y: UnsafeMutablePointer<Self>, _ count: Int
  ) {
    switch function {
    case .add: map(a, b, y, count) { $0 &+ $1 }
    case .subtract: map(a, b, y, count) { $0 &- $1 }
    case .multiply: map(a, b, y, count) { $0 &* $1 }
    case .divide, .truncatedQuotient: mapEach(a, b, y, count) { $0.truncatedQuotient($1) }
    case .truncatedRemainder: mapEach(a, b, y, count) { $0.truncatedRemainder($1) }
    case .flooredQuotient: mapEach(a, b, y, count) { $0.flooredQuotient($1) }
    case .flooredRemainder: mapEach(a, b, y, count) { $0.flooredRemainder($1) }
    case .power: mapEach(a, b, y, count) { $0.power($1) }
    default: preconditionFailure("\(function) of whole numbers")
    }
  }

  /// The quotient without its fraction; a divisor of 0 is found before.
  fileprivate func truncatedQuotient(_ divisor: Self) -> Self {
    dividedReportingOverflow(by: divisor).partialValue
  }

  /// The remainder with the sign of the dividend.
  fileprivate func truncatedRemainder(_ divisor: Self) -> Self {
    remainderReportingOverflow(dividingBy: divisor).partialValue
  }

  fileprivate func flooredQuotient(_ divisor: Self) -> Self {
    let quotient = truncatedQuotient(divisor)
    let isBelow = truncatedRemainder(divisor) != 0 && (self < 0) != (divisor < 0)
    return isBelow ? quotient &- 1 : quotient
  }

  /// The remainder with the sign of the divisor.
  fileprivate func flooredRemainder(_ divisor: Self) -> Self {
    let remainder = truncatedRemainder(divisor)
    return remainder != 0 && (remainder < 0) != (divisor < 0) ? remainder &+ divisor : remainder
  }

  /// Wraps around; a negative exponent is found before.
  fileprivate func power(_ exponent: Self) -> Self {
    var (result, base, rest): (Self, Self, Self) = (1, self, exponent)
    while rest > 0 {
      if rest & 1 == 1 { result = result &* base }
      base = base &* base
      rest >>= 1
    }
    return result
  }
}
