import Tensors

/// What an elementwise operation computes for one element: the source of its kernels.
///
/// Comparisons give 1 for true and 0 for false; booleans are read as such numbers.
public indirect enum ScalarExpression: Sendable, Equatable {
  case input(Int)
  case constant(Double)
  case unary(UnaryFunction, ScalarExpression)
  case binary(BinaryFunction, ScalarExpression, ScalarExpression)
  /// The second where the first is not 0, else the third.
  case select(ScalarExpression, ScalarExpression, ScalarExpression)
}

/// The functions of one number, under the C library's names where it has them.
public enum UnaryFunction: Sendable, Equatable {
  case negate, absolute, sign, square, squareRoot, reciprocal, relu
  case exp, log, tanh, expm1, log1p, erf, erfc
  case sin, cos, tan, asin, acos, atan, sinh, cosh, asinh, acosh, atanh
  /// To the nearest whole number, of two equally near ones to the even one: `round`.
  case floor, ceil, round
}

/// The functions of two numbers.
public enum BinaryFunction: Sendable, Equatable {
  case add, subtract, multiply, divide, maximum, minimum, power, atan2
  /// Rounded towards zero, with the remainder that has the dividend's sign.
  case truncatedQuotient, truncatedRemainder
  /// Rounded down, with the remainder that has the divisor's sign.
  case flooredQuotient, flooredRemainder
  case greater, greaterOrEqual, less, lessOrEqual, equal, notEqual
}

// How expressions are written in the operations' files.
extension ScalarExpression: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
  public init(floatLiteral value: Double) { self = .constant(value) }
  public init(integerLiteral value: Int) { self = .constant(Double(value)) }

  /// The first input.
  public static var x: ScalarExpression { .input(0) }
  /// The second input.
  public static var y: ScalarExpression { .input(1) }
  /// The third input.
  public static var z: ScalarExpression { .input(2) }

  public static func + (a: ScalarExpression, b: ScalarExpression) -> ScalarExpression {
    .binary(.add, a, b)
  }
  public static func - (a: ScalarExpression, b: ScalarExpression) -> ScalarExpression {
    .binary(.subtract, a, b)
  }
  public static func * (a: ScalarExpression, b: ScalarExpression) -> ScalarExpression {
    .binary(.multiply, a, b)
  }
  public static func / (a: ScalarExpression, b: ScalarExpression) -> ScalarExpression {
    .binary(.divide, a, b)
  }
}

extension ScalarExpression {
  /// A rough cost of one element, in nanoseconds.
  var nanoseconds: Double {
    switch self {
    case .input, .constant: 0
    case .unary(let function, let operand): function.nanoseconds + operand.nanoseconds
    case .binary(let function, let left, let right):
      function.nanoseconds + left.nanoseconds + right.nanoseconds
    case .select(let condition, let first, let second):
      0.25 + condition.nanoseconds + first.nanoseconds + second.nanoseconds
    }
  }
}

extension UnaryFunction {
  var nanoseconds: Double {
    switch self {
    case .negate, .absolute, .sign, .square, .relu, .floor, .ceil, .round: 0.25
    case .squareRoot, .reciprocal: 0.75
    case .exp, .log, .tanh: 1.5
    default: 10
    }
  }
}

extension BinaryFunction {
  /// Whether whole numbers have no result for a second operand of 0.
  var isDivision: Bool {
    switch self {
    case .divide, .truncatedQuotient, .truncatedRemainder, .flooredQuotient, .flooredRemainder: true
    default: false
    }
  }

  var nanoseconds: Double {
    switch self {
    case .power, .atan2: 20
    case .truncatedQuotient, .truncatedRemainder, .flooredQuotient, .flooredRemainder: 5
    default: 0.25
    }
  }
}
