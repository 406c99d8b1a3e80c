import Tensors

/// The difference of two values. TensorFlow's `Sub`.
public struct Sub: BinaryOperation {
  public static let name = "Sub"
  public static let types: [ElementType] = .numbers
  public var expression: ScalarExpression { .binary(.subtract, .x, .y) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    [outputGradients[0], -outputGradients[0]!]
  }

  public static var samples: [OperationSample] {
    OperationSample.binary(Sub()) { $0 - $1 }
      + OperationSample.integers(Sub(), [7, -7, 3, .max], [2, 3, 3, 2]) { $0 &- $1 }
  }
}

extension Value {
  public static func - (left: Value, right: Value) -> Value {
    left.graph.apply(Sub(), left, right)
  }

  public static func - (left: Value, right: Double) -> Value {
    left - left.graph.constant(right, left.elementType)
  }

  public static func - (left: Double, right: Value) -> Value {
    right.graph.constant(left, right.elementType) - right
  }
}
