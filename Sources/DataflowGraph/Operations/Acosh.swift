import Tensors

/// The inverse hyperbolic cosine. TensorFlow's `Acosh`.
public struct Acosh: UnaryOperation {
  public static let name = "Acosh"
  public var expression: ScalarExpression { .unary(.acosh, .x) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (x, g) = (node.inputs[0], outputGradients[0]!)
    return [g / sqrt(square(x) - 1)]
  }

  public static var samples: [OperationSample] {
    OperationSample.unary(Acosh(), in: 1.2...3) { Platform.acosh($0) }
  }
}

/// The inverse hyperbolic cosine.
public func acosh(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Acosh(), x, name: name)
}
