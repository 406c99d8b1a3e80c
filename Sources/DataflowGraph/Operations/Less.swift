import Tensors

/// Whether `a < b`, element by element. TensorFlow's `Less`.
public struct Less: ComparisonOperation {
  public static let name = "Less"
  public var expression: ScalarExpression { .binary(.less, .x, .y) }

  public init() {}

  public static var samples: [OperationSample] {
    OperationSample.comparison(Less()) { $0 < $1 }
      + OperationSample.integerComparison(Less()) { $0 < $1 }
  }
}

extension Value {
  public static func .< (left: Value, right: Value) -> Value {
    left.graph.apply(Less(), left, right)
  }

  public static func .< (left: Value, right: Double) -> Value {
    left .< left.graph.constant(right, left.elementType)
  }
}
