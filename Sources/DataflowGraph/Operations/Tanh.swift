import Tensors

/// The hyperbolic tangent. TensorFlow's `Tanh`.
public struct Tanh: UnaryOperation {
  public static let name = "Tanh"
  public var expression: ScalarExpression { .unary(.tanh, .x) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    [outputGradients[0]! * (1 - square(node.output))]
  }

  public static var samples: [OperationSample] {
    OperationSample.unary(Tanh()) { Platform.tanh($0) }
  }
}

/// The hyperbolic tangent.
public func tanh(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Tanh(), x, name: name)
}
