import Tensors

/// The scaled exponential linear unit: `scale x`, below 0 `scale alpha (exp(x) − 1)`, with the factors
/// of Klambauer et al. (2017) that keep mean 0 and variance 1. TensorFlow's `Selu`.
public struct Selu: UnaryOperation {
  public static let name = "Selu"
  private static let scale = 1.0507009873554804934193349852946
  private static let alpha = 1.6732632423543772848170429916717

  public var expression: ScalarExpression {
    .constant(Self.scale)
      * .select(.binary(.less, .x, 0), .constant(Self.alpha) * .unary(.expm1, .x), .x)
  }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (y, g) = (node.output, outputGradients[0]!)
    return [select(y .< 0, g * (y + Self.scale * Self.alpha), g * Self.scale)]
  }

  public static var samples: [OperationSample] {
    OperationSample.unary(Selu(), in: -3...3) {
      scale * ($0 < 0 ? alpha * Platform.expm1($0) : $0)
    }
  }
}

/// `scale x`, below 0 `scale alpha (exp(x) − 1)`.
public func selu(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Selu(), x, name: name)
}
