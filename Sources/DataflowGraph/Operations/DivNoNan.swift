import Tensors

/// The quotient of two values; 0 where the divisor is 0. TensorFlow's `DivNoNan`.
public struct DivNoNan: BinaryOperation {
  public static let name = "DivNoNan"
  public var expression: ScalarExpression { .select(.binary(.equal, .y, 0), 0, .x / .y) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (x, y, g) = (node.inputs[0], node.inputs[1], outputGradients[0]!)
    return [divNoNan(g, y), -divNoNan(divNoNan(g * x, y), y)]
  }

  public static var samples: [OperationSample] {
    OperationSample.binary(DivNoNan(), in: 0.5...2) { $0 / $1 } + [
      OperationSample(DivNoNan(), [Tensor([1.0, 0, 2]), Tensor([0.0, 0, 4])], differentiable: []) {
        _ in [Tensor([0, 0, 0.5])]
      }
    ]
  }
}

/// The quotient of two values; 0 where the divisor is 0.
public func divNoNan(_ x: Value, _ y: Value, name: String? = nil) -> Value {
  x.graph.apply(DivNoNan(), x, y, name: name)
}
