import Tensors

/// The absolute value. TensorFlow's `Abs`.
public struct Abs: UnaryOperation {
  public static let name = "Abs"
  public static let types: [ElementType] = .numbers
  public var expression: ScalarExpression { .unary(.absolute, .x) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    [outputGradients[0]! * sign(node.inputs[0])]
  }

  public static var samples: [OperationSample] {
    OperationSample.unary(Abs()) { abs($0) }
      + OperationSample.integers(Abs(), [7, -7, 0, 5]) { Swift.abs($0) }
  }
}

/// The absolute value.
public func abs(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Abs(), x, name: name)
}
