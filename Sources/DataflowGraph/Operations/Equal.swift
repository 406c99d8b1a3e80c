import Tensors

/// Whether `a == b`, element by element. TensorFlow's `Equal`.
public struct Equal: ComparisonOperation {
  public static let name = "Equal"
  public static let types: [ElementType] = .all
  public var expression: ScalarExpression { .binary(.equal, .x, .y) }

  public init() {}

  public static var samples: [OperationSample] {
    OperationSample.comparison(Equal()) { $0 == $1 }
      + OperationSample.integerComparison(Equal()) { $0 == $1 }
  }
}

extension Value {
  public static func .== (left: Value, right: Value) -> Value {
    left.graph.apply(Equal(), left, right)
  }

  public static func .== (left: Value, right: Double) -> Value {
    left .== left.graph.constant(right, left.elementType)
  }
}
