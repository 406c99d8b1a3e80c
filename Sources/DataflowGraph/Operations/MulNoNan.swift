import Tensors

/// The product of two values; 0 where the second is 0, whatever the first is. TensorFlow's `MulNoNan`.
public struct MulNoNan: BinaryOperation {
  public static let name = "MulNoNan"
  public var expression: ScalarExpression { .select(.binary(.equal, .y, 0), 0, .x * .y) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (x, y, g) = (node.inputs[0], node.inputs[1], outputGradients[0]!)
    return [mulNoNan(g, y), mulNoNan(x, g)]
  }

  public static var samples: [OperationSample] {
    OperationSample.binary(MulNoNan()) { $0 * $1 } + [
      OperationSample(
        MulNoNan(), [Tensor([.infinity, .nan, 2, 0]), Tensor([0, -0.0, 4, 3])], differentiable: []
      ) { _ in [Tensor([0.0, 0, 8, 0])] }
    ]
  }
}

/// The product of two values; 0 where `y` is 0, whatever `x` is.
public func mulNoNan(_ x: Value, _ y: Value, name: String? = nil) -> Value {
  x.graph.apply(MulNoNan(), x, y, name: name)
}
