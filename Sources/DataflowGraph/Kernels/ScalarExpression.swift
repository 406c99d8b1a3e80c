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

public enum UnaryFunction: Sendable, Equatable {
  case negate, absolute, sign, square, squareRoot, reciprocal, exp, log, tanh, relu
}

public enum BinaryFunction: Sendable, Equatable {
  case add, subtract, multiply, divide, maximum, minimum
  case greater, greaterOrEqual, less, lessOrEqual, equal, notEqual
}

extension ScalarExpression {
  /// A rough cost of one element, in nanoseconds.
  var nanoseconds: Double {
    switch self {
    case .input, .constant: 0
    case .unary(let function, let operand): function.nanoseconds + operand.nanoseconds
    case .binary(_, let left, let right): 0.25 + left.nanoseconds + right.nanoseconds
    case .select(let condition, let first, let second):
      0.25 + condition.nanoseconds + first.nanoseconds + second.nanoseconds
    }
  }
}

extension UnaryFunction {
  var nanoseconds: Double {
    switch self {
    case .exp, .log, .tanh: 1.5
    case .squareRoot, .reciprocal: 0.75
    default: 0.25
    }
  }
}
