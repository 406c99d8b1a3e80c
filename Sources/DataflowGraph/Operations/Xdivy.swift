import Tensors

/// `x / y`, and 0 where `x` is 0. TensorFlow's `Xdivy`.
public struct Xdivy: BinaryOperation {
  public static let name = "Xdivy"
  public var expression: ScalarExpression { .select(.binary(.equal, .x, 0), 0, .x / .y) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (x, y, g) = (node.inputs[0], node.inputs[1], outputGradients[0]!)
    return [xdivy(cast(x .!= 0, to: x.elementType), y) * g, -xdivy(x, square(y)) * g]
  }

  public static var samples: [OperationSample] {
    OperationSample.binary(Xdivy(), in: 0.5...2) { $0 / $1 } + [
      OperationSample(Xdivy(), [Tensor([1.0, 0, 0]), Tensor([4.0, 0, 2])], differentiable: []) {
        _ in [Tensor([0.25, 0, 0])]
      }
    ]
  }
}

/// `x / y`, and 0 where `x` is 0.
public func xdivy(_ x: Value, _ y: Value, name: String? = nil) -> Value {
  x.graph.apply(Xdivy(), x, y, name: name)
}
