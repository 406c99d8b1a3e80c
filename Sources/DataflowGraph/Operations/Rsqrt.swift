import Tensors

/// `1 / √x`. TensorFlow's `Rsqrt`.
public struct Rsqrt: UnaryOperation {
  public static let name = "Rsqrt"
  public var expression: ScalarExpression { .unary(.reciprocal, .unary(.squareRoot, .x)) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    [rsqrtGradient(node.output, outputGradients[0]!)]
  }

  public static var samples: [OperationSample] {
    OperationSample.unary(Rsqrt(), in: 0.4...2) { 1 / $0.squareRoot() }
  }
}

/// `1 / √x`.
public func rsqrt(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Rsqrt(), x, name: name)
}
