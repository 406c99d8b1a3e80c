import Tensors

/// `x²`. TensorFlow's `Square`.
public struct Square: ElementwiseOperation {
  public static let name = "Square"
  public static let inputCount = 1
  public static let expression = ScalarExpression.unary(.square, .input(0))

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    [outputGradients[0]! * (node.inputs[0] * 2)]
  }

  public static var samples: [OperationSample] {
    OperationSample.unary(Square()) { $0 * $0 }
  }
}

/// `x²`.
public func square(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Square(), x, name: name)
}
