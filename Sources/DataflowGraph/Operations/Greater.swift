import Tensors

/// Whether `a > b`, element by element. TensorFlow's `Greater`.
public struct Greater: ComparisonOperation {
  public static let name = "Greater"
  public var expression: ScalarExpression { .binary(.greater, .x, .y) }

  public init() {}

  public static var samples: [OperationSample] {
    OperationSample.comparison(Greater()) { $0 > $1 }
      + OperationSample.integerComparison(Greater()) { $0 > $1 }
  }
}

extension Value {
  public static func .> (left: Value, right: Value) -> Value {
    left.graph.apply(Greater(), left, right)
  }

  public static func .> (left: Value, right: Double) -> Value {
    left .> left.graph.constant(right, left.elementType)
  }
}
