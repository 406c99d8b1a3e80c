import Tensors

/// `1 / x`. TensorFlow's `Reciprocal`.
public struct Reciprocal: ElementwiseOperation {
  public static let name = "Reciprocal"
  public static let inputCount = 1
  public static let expression = ScalarExpression.unary(.reciprocal, .input(0))

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    [-outputGradients[0]! * square(node.output)]
  }

  public static var samples: [OperationSample] {
    OperationSample.unary(Reciprocal(), in: 0.4...2) { 1 / $0 }
  }
}

/// `1 / x`.
public func reciprocal(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Reciprocal(), x, name: name)
}
