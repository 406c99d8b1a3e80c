import Tensors

/// `x log(y)`, and 0 where `x` is 0. TensorFlow's `Xlogy`.
public struct Xlogy: BinaryOperation {
  public static let name = "Xlogy"
  public var expression: ScalarExpression {
    .select(.binary(.equal, .x, 0), 0, .x * .unary(.log, .y))
  }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (x, y, g) = (node.inputs[0], node.inputs[1], outputGradients[0]!)
    return [xlogy(cast(x .!= 0, to: x.elementType), y) * g, xdivy(x, y) * g]
  }

  public static var samples: [OperationSample] {
    OperationSample.binary(Xlogy(), in: 0.5...2) { $0 * Platform.log($1) } + [
      OperationSample(Xlogy(), [Tensor([1.0, 0, 0]), Tensor([1.0, 0, 2])], differentiable: []) {
        _ in [Tensor([0.0, 0, 0])]
      }
    ]
  }
}

/// `x log(y)`, and 0 where `x` is 0.
public func xlogy(_ x: Value, _ y: Value, name: String? = nil) -> Value {
  x.graph.apply(Xlogy(), x, y, name: name)
}
