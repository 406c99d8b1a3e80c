import Tensors

/// The inverse cosine. TensorFlow's `Acos`.
public struct Acos: UnaryOperation {
  public static let name = "Acos"
  public var expression: ScalarExpression { .unary(.acos, .x) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (x, g) = (node.inputs[0], outputGradients[0]!)
    return [-g / sqrt(1 - square(x))]
  }

  public static var samples: [OperationSample] {
    OperationSample.unary(Acos(), in: -0.9...0.9) { Platform.acos($0) }
  }
}

/// The inverse cosine.
public func acos(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Acos(), x, name: name)
}
