import Tensors

/// The larger of two values; of equal ones, gradients flow to the first.
/// TensorFlow's `Maximum`.
public struct Maximum: BinaryOperation {
  public static let name = "Maximum"
  public static let types: [ElementType] = .numbers
  public var expression: ScalarExpression { .binary(.maximum, .x, .y) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let gradient = outputGradients[0]!
    let isFirst = node.inputs[0] .>= node.inputs[1]
    let zero = node.graph.constant(0, gradient.elementType)
    // Chosen, not multiplied: an infinite gradient does not become NaN where none flows.
    return [select(isFirst, gradient, zero), select(isFirst, zero, gradient)]
  }

  public static var samples: [OperationSample] {
    OperationSample.binary(Maximum()) { max($0, $1) }
      + OperationSample.integers(Maximum(), [7, -7, 3, .max], [2, 3, 3, 2]) { max($0, $1) }
  }
}

/// The larger of two values, element by element.
public func maximum(_ left: Value, _ right: Value) -> Value {
  left.graph.apply(Maximum(), left, right)
}
