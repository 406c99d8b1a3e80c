import Tensors

/// The sum of two values. TensorFlow's `AddV2`.
public struct AddV2: BinaryOperation {
  public static let name = "AddV2"
  public static let types: [ElementType] = .numbers
  public var expression: ScalarExpression { .binary(.add, .x, .y) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    [outputGradients[0], outputGradients[0]]
  }

  public static var samples: [OperationSample] {
    OperationSample.binary(AddV2()) { $0 + $1 }
      + OperationSample.integers(AddV2(), [7, -7, 3, .max], [2, 3, 3, 2]) { $0 &+ $1 }
  }
}

extension Value {
  public static func + (left: Value, right: Value) -> Value {
    left.graph.apply(AddV2(), left, right)
  }

  public static func + (left: Value, right: Double) -> Value {
    left + left.graph.constant(right, left.elementType)
  }

  public static func + (left: Double, right: Value) -> Value {
    right.graph.constant(left, right.elementType) + right
  }
}
