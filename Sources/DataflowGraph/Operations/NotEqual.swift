import Tensors

/// Whether `a != b`, element by element. TensorFlow's `NotEqual`.
public struct NotEqual: ComparisonOperation {
  public static let name = "NotEqual"
  public static let types: [ElementType] = .all
  public var expression: ScalarExpression { .binary(.notEqual, .x, .y) }

  public init() {}

  public static var samples: [OperationSample] {
    OperationSample.comparison(NotEqual()) { $0 != $1 }
      + OperationSample.integerComparison(NotEqual()) { $0 != $1 }
  }
}

extension Value {
  public static func .!= (left: Value, right: Value) -> Value {
    left.graph.apply(NotEqual(), left, right)
  }

  public static func .!= (left: Value, right: Double) -> Value {
    left .!= left.graph.constant(right, left.elementType)
  }
}
