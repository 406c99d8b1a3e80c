import Tensors

/// The inverse hyperbolic sine. TensorFlow's `Asinh`.
public struct Asinh: UnaryOperation {
  public static let name = "Asinh"
  public var expression: ScalarExpression { .unary(.asinh, .x) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (x, g) = (node.inputs[0], outputGradients[0]!)
    return [g / sqrt(square(x) + 1)]
  }

  public static var samples: [OperationSample] {
    OperationSample.unary(Asinh()) { Platform.asinh($0) }
  }
}

/// The inverse hyperbolic sine.
public func asinh(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Asinh(), x, name: name)
}
