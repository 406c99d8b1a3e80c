import Tensors

/// `x²`. TensorFlow's `Square`.
public struct Square: UnaryOperation {
  public static let name = "Square"
  public static let types: [ElementType] = .numbers
  public var expression: ScalarExpression { .unary(.square, .x) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    [outputGradients[0]! * (node.inputs[0] * 2)]
  }

  public static var samples: [OperationSample] {
    OperationSample.unary(Square()) { $0 * $0 }
      + OperationSample.integers(Square(), [7, -7, 0, 5]) { $0 &* $0 }
  }
}

/// `x²`.
public func square(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Square(), x, name: name)
}
