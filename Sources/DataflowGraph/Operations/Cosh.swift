import Tensors

/// The hyperbolic cosine. TensorFlow's `Cosh`.
public struct Cosh: UnaryOperation {
  public static let name = "Cosh"
  public var expression: ScalarExpression { .unary(.cosh, .x) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (x, g) = (node.inputs[0], outputGradients[0]!)
    return [g * sinh(x)]
  }

  public static var samples: [OperationSample] {
    OperationSample.unary(Cosh()) { Platform.cosh($0) }
  }
}

/// The hyperbolic cosine.
public func cosh(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Cosh(), x, name: name)
}
