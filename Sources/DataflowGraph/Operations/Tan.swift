import Tensors

/// The tangent of an angle in radians. TensorFlow's `Tan`.
public struct Tan: UnaryOperation {
  public static let name = "Tan"
  public var expression: ScalarExpression { .unary(.tan, .x) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (y, g) = (node.output, outputGradients[0]!)
    return [g * (square(y) + 1)]
  }

  public static var samples: [OperationSample] {
    OperationSample.unary(Tan(), in: -1.2...1.2) { Platform.tan($0) }
  }
}

/// The tangent of an angle in radians.
public func tan(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Tan(), x, name: name)
}
