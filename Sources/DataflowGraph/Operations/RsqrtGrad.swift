import Tensors

/// The gradient of `1 / √x`, of its value `y` and the gradient `g` with respect to that: `-g y³ / 2`, and 0 where `g`
/// is 0. TensorFlow's `RsqrtGrad`.
public struct RsqrtGrad: SlopeOperation {
  public static let name = "RsqrtGrad"
  var product: ScalarExpression { .y * .x * .unary(.square, .x) * -0.5 }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (y, g, h) = (node.inputs[0], node.inputs[1], outputGradients[0]!)
    // -3 gh y² / 2 is 0 where gh is.
    return [reciprocalGradient(y, g * h) * 1.5, rsqrtGradient(y, h)]
  }

  public static var samples: [OperationSample] {
    OperationSample.slope(RsqrtGrad()) { -0.5 * $0 * $0 * $0 }
  }
}

/// The gradient of `y = 1 / √x`, where `gradient` is the one with respect to `y`.
func rsqrtGradient(_ y: Value, _ gradient: Value) -> Value {
  y.graph.apply(RsqrtGrad(), y, gradient)
}
