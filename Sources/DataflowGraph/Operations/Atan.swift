import Tensors

/// The inverse tangent. TensorFlow's `Atan`.
public struct Atan: UnaryOperation {
  public static let name = "Atan"
  public var expression: ScalarExpression { .unary(.atan, .x) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (x, g) = (node.inputs[0], outputGradients[0]!)
    return [g / (square(x) + 1)]
  }

  public static var samples: [OperationSample] {
    OperationSample.unary(Atan()) { Platform.atan($0) }
  }
}

/// The inverse tangent.
public func atan(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Atan(), x, name: name)
}
