import Tensors

/// The square root. TensorFlow's `Sqrt`.
public struct Sqrt: UnaryOperation {
  public static let name = "Sqrt"
  public var expression: ScalarExpression { .unary(.squareRoot, .x) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    [sqrtGradient(node.output, outputGradients[0]!)]
  }

  public static var samples: [OperationSample] {
    OperationSample.unary(Sqrt(), in: 0.3...2) { $0.squareRoot() }
  }
}

/// The square root.
public func sqrt(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Sqrt(), x, name: name)
}
