import Tensors

/// `exp(x) − 1`, exact near 0 too. TensorFlow's `Expm1`.
public struct Expm1: UnaryOperation {
  public static let name = "Expm1"
  public var expression: ScalarExpression { .unary(.expm1, .x) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (x, g) = (node.inputs[0], outputGradients[0]!)
    return [g * exp(x)]
  }

  public static var samples: [OperationSample] {
    OperationSample.unary(Expm1()) { Platform.expm1($0) }
  }
}

/// `exp(x) − 1`, exact near 0 too.
public func expm1(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Expm1(), x, name: name)
}
