import Tensors

/// The product of two values, element by element. TensorFlow's `Mul`.
public struct Mul: BinaryOperation {
  public static let name = "Mul"
  public static let types: [ElementType] = .numbers
  public var expression: ScalarExpression { .binary(.multiply, .x, .y) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    [outputGradients[0]! * node.inputs[1], outputGradients[0]! * node.inputs[0]]
  }

  public static var samples: [OperationSample] {
    OperationSample.binary(Mul()) { $0 * $1 }
      + OperationSample.integers(Mul(), [7, -7, 3, .max], [2, 3, 3, 2]) { $0 &* $1 }
  }
}

extension Value {
  public static func * (left: Value, right: Value) -> Value {
    left.graph.apply(Mul(), left, right)
  }

  public static func * (left: Value, right: Double) -> Value {
    left * left.graph.constant(right, left.elementType)
  }

  public static func * (left: Double, right: Value) -> Value {
    right.graph.constant(left, right.elementType) * right
  }
}
