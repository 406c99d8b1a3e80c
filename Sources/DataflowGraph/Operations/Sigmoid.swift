import Tensors

/// The logistic function, `1 / (1 + exp(−x))`. TensorFlow's `Sigmoid`.
public struct Sigmoid: UnaryOperation {
  public static let name = "Sigmoid"
  public var expression: ScalarExpression { 1 / (1 + .unary(.exp, .unary(.negate, .x))) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (y, g) = (node.output, outputGradients[0]!)
    return [g * y * (1 - y)]
  }

  public static var samples: [OperationSample] {
    OperationSample.unary(Sigmoid(), in: -5...5) { 1 / (1 + Platform.exp(-$0)) }
  }
}

/// The logistic function, `1 / (1 + exp(−x))`.
public func sigmoid(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Sigmoid(), x, name: name)
}
