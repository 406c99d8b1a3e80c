import Tensors

/// The first input limited to the range from the second to the third. TensorFlow's `ClipByValue`.
public struct ClipByValue: ElementwiseOperation {
  public static let name = "ClipByValue"
  public static let inputCount = 3
  public static let types: [ElementType] = .numbers
  public var expression: ScalarExpression {
    .binary(.maximum, .binary(.minimum, .x, .z), .y)
  }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (x, low, high, g) = (node.inputs[0], node.inputs[1], node.inputs[2], outputGradients[0]!)
    let zero = node.graph.constant(0, g.elementType)
    let (isBelow, isAbove) = (x .< low, x .> high)
    return [
      select(logicalOr(isBelow, isAbove), zero, g), select(isBelow, g, zero),
      select(isAbove, g, zero),
    ]
  }

  public static var samples: [OperationSample] {
    let shapes: [Shape] = [[], [4, 3], [30, 40]]
    return shapes.map { shape in
      OperationSample(ClipByValue(), [.random(shape), Tensor(-0.5), Tensor(0.75)]) { inputs in
        [Tensor(shape: shape, scalars: inputs[0].doubles.map { min(max($0, -0.5), 0.75) })]
      }
    }
  }
}

/// `x` limited to the range from `low` to `high`.
public func clipByValue(
  _ x: Value, _ low: Value, _ high: Value, name: String? = nil
) -> Value {
  x.graph.apply(ClipByValue(), x, low, high, name: name)
}
