import Tensors

/// The absolute value. TensorFlow's `Abs`.
public struct Abs: ElementwiseOperation {
  public static let name = "Abs"
  public static let inputCount = 1
  public static let expression = ScalarExpression.unary(.absolute, .input(0))

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    [outputGradients[0]! * sign(node.inputs[0])]
  }

  public static var samples: [OperationSample] {
    OperationSample.unary(Abs()) { abs($0) }
  }
}

/// The absolute value.
public func abs(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Abs(), x, name: name)
}
