import Tensors

/// `1 / x`. TensorFlow's `Reciprocal`.
public struct Reciprocal: UnaryOperation {
  public static let name = "Reciprocal"
  public var expression: ScalarExpression { .unary(.reciprocal, .x) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    [reciprocalGradient(node.output, outputGradients[0]!)]
  }

  public static var samples: [OperationSample] {
    OperationSample.unary(Reciprocal(), in: 0.4...2) { 1 / $0 }
  }
}

/// `1 / x`.
public func reciprocal(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Reciprocal(), x, name: name)
}
