import Tensors

/// The gradient of the square root, of its value `y` and the gradient `g` with respect to that: `g / 2y`, and 0 where
/// `g` is 0. TensorFlow's `SqrtGrad`.
public struct SqrtGrad: SlopeOperation {
  public static let name = "SqrtGrad"
  var product: ScalarExpression { .y * 0.5 / .x }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (y, g, h) = (node.inputs[0], node.inputs[1], outputGradients[0]!)
    // -gh / 2y² is 0 where gh is.
    return [sqrtGradient(y, sqrtGradient(y, g * h)) * -2, sqrtGradient(y, h)]
  }

  public static var samples: [OperationSample] { OperationSample.slope(SqrtGrad()) { 0.5 / $0 } }
}

/// The gradient of the square root `y`, where `gradient` is the one with respect to `y`.
func sqrtGradient(_ y: Value, _ gradient: Value) -> Value {
  y.graph.apply(SqrtGrad(), y, gradient)
}
