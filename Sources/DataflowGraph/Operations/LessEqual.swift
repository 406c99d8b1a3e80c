import Tensors

/// Whether `a <= b`, element by element. TensorFlow's `LessEqual`.
public struct LessEqual: ComparisonOperation {
  public static let name = "LessEqual"
  public var expression: ScalarExpression { .binary(.lessOrEqual, .x, .y) }

  public init() {}

  public static var samples: [OperationSample] {
    OperationSample.comparison(LessEqual()) { $0 <= $1 }
      + OperationSample.integerComparison(LessEqual()) { $0 <= $1 }
  }
}

extension Value {
  public static func .<= (left: Value, right: Value) -> Value {
    left.graph.apply(LessEqual(), left, right)
  }

  public static func .<= (left: Value, right: Double) -> Value {
    left .<= left.graph.constant(right, left.elementType)
  }
}
