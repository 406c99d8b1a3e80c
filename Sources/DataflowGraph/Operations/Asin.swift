import Tensors

/// The inverse sine. TensorFlow's `Asin`.
public struct Asin: UnaryOperation {
  public static let name = "Asin"
  public var expression: ScalarExpression { .unary(.asin, .x) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (x, g) = (node.inputs[0], outputGradients[0]!)
    return [g / sqrt(1 - square(x))]
  }

  public static var samples: [OperationSample] {
    OperationSample.unary(Asin(), in: -0.9...0.9) { Platform.asin($0) }
  }
}

/// The inverse sine.
public func asin(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Asin(), x, name: name)
}
