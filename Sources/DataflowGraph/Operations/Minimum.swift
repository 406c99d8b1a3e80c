import Tensors

/// The smaller of two values; of equal ones, gradients flow to the first.
/// TensorFlow's `Minimum`.
public struct Minimum: ElementwiseOperation {
  public static let name = "Minimum"
  public static let inputCount = 2
  public static let expression = ScalarExpression.binary(.minimum, .input(0), .input(1))

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let gradient = outputGradients[0]!
    let first = cast(node.inputs[0] .<= node.inputs[1], to: gradient.elementType)
    return [gradient * first, gradient * (1 - first)]
  }

  public static var samples: [OperationSample] {
    OperationSample.binary(Minimum()) { min($0, $1) }
  }
}

/// The smaller of two values, element by element.
public func minimum(_ left: Value, _ right: Value) -> Value {
  left.graph.apply(Minimum(), left, right)
}
