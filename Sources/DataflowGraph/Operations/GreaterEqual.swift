import Tensors

/// Whether `a >= b`, element by element. TensorFlow's `GreaterEqual`.
public struct GreaterEqual: ComparisonOperation {
  public static let name = "GreaterEqual"
  public var expression: ScalarExpression { .binary(.greaterOrEqual, .x, .y) }

  public init() {}

  public static var samples: [OperationSample] {
    OperationSample.comparison(GreaterEqual()) { $0 >= $1 }
      + OperationSample.integerComparison(GreaterEqual()) { $0 >= $1 }
  }
}

extension Value {
  public static func .>= (left: Value, right: Value) -> Value {
    left.graph.apply(GreaterEqual(), left, right)
  }

  public static func .>= (left: Value, right: Double) -> Value {
    left .>= left.graph.constant(right, left.elementType)
  }
}
