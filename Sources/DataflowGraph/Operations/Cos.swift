import Tensors

/// The cosine of an angle in radians. TensorFlow's `Cos`.
public struct Cos: UnaryOperation {
  public static let name = "Cos"
  public var expression: ScalarExpression { .unary(.cos, .x) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (x, g) = (node.inputs[0], outputGradients[0]!)
    return [-g * sin(x)]
  }

  public static var samples: [OperationSample] {
    OperationSample.unary(Cos(), in: -9...9) { Platform.cos($0) }
  }
}

/// The cosine of an angle in radians.
public func cos(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Cos(), x, name: name)
}
