import Tensors

/// The sine of an angle in radians. TensorFlow's `Sin`.
public struct Sin: UnaryOperation {
  public static let name = "Sin"
  public var expression: ScalarExpression { .unary(.sin, .x) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (x, g) = (node.inputs[0], outputGradients[0]!)
    return [g * cos(x)]
  }

  public static var samples: [OperationSample] {
    OperationSample.unary(Sin(), in: -9...9) { Platform.sin($0) }
  }
}

/// The sine of an angle in radians.
public func sin(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Sin(), x, name: name)
}
