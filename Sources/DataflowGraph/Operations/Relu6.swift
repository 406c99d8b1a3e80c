import Tensors

/// `min(max(x, 0), 6)`. TensorFlow's `Relu6`.
public struct Relu6: UnaryOperation {
  public static let name = "Relu6"
  public var expression: ScalarExpression { .binary(.minimum, .unary(.relu, .x), 6) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (x, g) = (node.inputs[0], outputGradients[0]!)
    return [g * cast(logicalAnd(x .> 0, x .< 6), to: g.elementType)]
  }

  public static var samples: [OperationSample] {
    OperationSample.unary(Relu6(), in: -4...10) { min(max($0, 0), 6) }
  }
}

/// `min(max(x, 0), 6)`.
public func relu6(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Relu6(), x, name: name)
}
