import Tensors

/// The hyperbolic sine. TensorFlow's `Sinh`.
public struct Sinh: UnaryOperation {
  public static let name = "Sinh"
  public var expression: ScalarExpression { .unary(.sinh, .x) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (x, g) = (node.inputs[0], outputGradients[0]!)
    return [g * cosh(x)]
  }

  public static var samples: [OperationSample] {
    OperationSample.unary(Sinh()) { Platform.sinh($0) }
  }
}

/// The hyperbolic sine.
public func sinh(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Sinh(), x, name: name)
}
