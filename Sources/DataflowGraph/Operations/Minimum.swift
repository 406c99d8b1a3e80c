import Tensors

/// The smaller of two values; of equal ones, gradients flow to the first.
/// TensorFlow's `Minimum`.
public struct Minimum: BinaryOperation {
  public static let name = "Minimum"
  public static let types: [ElementType] = .numbers
  public var expression: ScalarExpression { .binary(.minimum, .x, .y) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let gradient = outputGradients[0]!
    let isFirst = node.inputs[0] .<= node.inputs[1]
    let zero = node.graph.constant(0, gradient.elementType)
    // Chosen, not multiplied: an infinite gradient does not become NaN where none flows.
    return [select(isFirst, gradient, zero), select(isFirst, zero, gradient)]
  }

  public static var samples: [OperationSample] {
    OperationSample.binary(Minimum()) { min($0, $1) }
      + OperationSample.integers(Minimum(), [7, -7, 3, .max], [2, 3, 3, 2]) { min($0, $1) }
  }
}

/// The smaller of two values, element by element.
public func minimum(_ left: Value, _ right: Value) -> Value {
  left.graph.apply(Minimum(), left, right)
}
