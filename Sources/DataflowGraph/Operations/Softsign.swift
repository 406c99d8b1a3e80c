import Tensors

/// `x / (1 + |x|)`. TensorFlow's `Softsign`.
public struct Softsign: UnaryOperation {
  public static let name = "Softsign"
  public var expression: ScalarExpression { .x / (1 + .unary(.absolute, .x)) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (x, g) = (node.inputs[0], outputGradients[0]!)
    return [g / square(1 + abs(x))]
  }

  public static var samples: [OperationSample] {
    OperationSample.unary(Softsign(), in: 0.1...3) { $0 / (1 + Swift.abs($0)) }
  }
}

/// `x / (1 + |x|)`.
public func softsign(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Softsign(), x, name: name)
}
