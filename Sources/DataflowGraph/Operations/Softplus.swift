import Tensors

/// `log(1 + exp(x))`. TensorFlow's `Softplus`.
public struct Softplus: UnaryOperation {
  public static let name = "Softplus"
  public var expression: ScalarExpression {
    .binary(.maximum, .x, 0)
      + .unary(.log1p, .unary(.exp, .unary(.negate, .unary(.absolute, .x))))
  }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (x, g) = (node.inputs[0], outputGradients[0]!)
    return [g * sigmoid(x)]
  }

  public static var samples: [OperationSample] {
    OperationSample.unary(Softplus(), in: -5...5) { Platform.log(1 + Platform.exp($0)) }
  }
}

/// `log(1 + exp(x))`.
public func softplus(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Softplus(), x, name: name)
}
