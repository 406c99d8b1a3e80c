import Tensors

/// The inverse hyperbolic tangent. TensorFlow's `Atanh`.
public struct Atanh: UnaryOperation {
  public static let name = "Atanh"
  public var expression: ScalarExpression { .unary(.atanh, .x) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (x, g) = (node.inputs[0], outputGradients[0]!)
    return [g / (1 - square(x))]
  }

  public static var samples: [OperationSample] {
    OperationSample.unary(Atanh(), in: -0.8...0.8) { Platform.atanh($0) }
  }
}

/// The inverse hyperbolic tangent.
public func atanh(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Atanh(), x, name: name)
}
