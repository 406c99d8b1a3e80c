import Tensors

/// `1 / x`, under its older name. TensorFlow's `Inv`.
public struct Inv: UnaryOperation {
  public static let name = "Inv"
  public var expression: ScalarExpression { .unary(.reciprocal, .x) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    [reciprocalGradient(node.output, outputGradients[0]!)]
  }

  public static var samples: [OperationSample] {
    OperationSample.unary(Inv(), in: 0.4...2) { 1 / $0 }
  }
}
