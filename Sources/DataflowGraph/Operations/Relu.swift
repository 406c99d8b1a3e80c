import Tensors

/// `max(x, 0)`. TensorFlow's `Relu`.
public struct Relu: UnaryOperation {
  public static let name = "Relu"
  public var expression: ScalarExpression { .unary(.relu, .x) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    [outputGradients[0]! * cast(node.inputs[0] .> 0, to: node.output.elementType)]
  }

  public static var samples: [OperationSample] {
    OperationSample.unary(Relu()) { max($0, 0) }
  }
}

/// `max(x, 0)`.
public func relu(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Relu(), x, name: name)
}
