import Tensors

/// `log(1 + x)`, exact near 0 too. TensorFlow's `Log1p`.
public struct Log1p: UnaryOperation {
  public static let name = "Log1p"
  public var expression: ScalarExpression { .unary(.log1p, .x) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (x, g) = (node.inputs[0], outputGradients[0]!)
    return [g / (x + 1)]
  }

  public static var samples: [OperationSample] {
    OperationSample.unary(Log1p(), in: -0.7...2) { Platform.log1p($0) }
  }
}

/// `log(1 + x)`, exact near 0 too.
public func log1p(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Log1p(), x, name: name)
}
