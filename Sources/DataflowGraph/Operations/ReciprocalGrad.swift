import Tensors

/// The gradient of `1 / x`, of its value `y` and the gradient `g` with respect to that: `-g y²`, and 0 where `g` is 0.
/// TensorFlow's `ReciprocalGrad`.
public struct ReciprocalGrad: SlopeOperation {
  public static let name = "ReciprocalGrad"
  var product: ScalarExpression { .unary(.negate, .y) * .unary(.square, .x) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (y, g, h) = (node.inputs[0], node.inputs[1], outputGradients[0]!)
    // -2 gh y is 0 where gh is.
    return [mulNoNan(y, g * h) * -2, reciprocalGradient(y, h)]
  }

  public static var samples: [OperationSample] {
    OperationSample.slope(ReciprocalGrad()) { -$0 * $0 }
  }
}

/// The gradient of `y = 1 / x`, where `gradient` is the one with respect to `y`.
func reciprocalGradient(_ y: Value, _ gradient: Value) -> Value {
  y.graph.apply(ReciprocalGrad(), y, gradient)
}
