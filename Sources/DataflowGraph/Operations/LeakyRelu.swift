import Tensors

/// `x`, below 0 `alpha x`. TensorFlow's `LeakyRelu`.
public struct LeakyRelu: UnaryOperation {
  public static let name = "LeakyRelu"
  public var expression: ScalarExpression {
    .select(.binary(.greater, .x, 0), .x, .constant(alpha) * .x)
  }

  package let alpha: Double

  public init() { self.init(alpha: 0.2) }
  public init(alpha: Double) { self.alpha = alpha }

  public init(attributes: Attributes) throws {
    self.init(alpha: try attributes.float("alpha", default: 0.2))
  }

  public var attributes: Attributes { ["alpha": .float(alpha)] }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let g = outputGradients[0]!
    return [select(node.inputs[0] .> 0, g, g * alpha)]
  }

  public static var samples: [OperationSample] {
    OperationSample.unary(LeakyRelu()) { $0 > 0 ? $0 : 0.2 * $0 }
      + OperationSample.unary(LeakyRelu(alpha: 0.01)) { $0 > 0 ? $0 : 0.01 * $0 }
  }
}

/// `x`, below 0 `alpha x`.
public func leakyRelu(_ x: Value, alpha: Double = 0.2, name: String? = nil) -> Value {
  x.graph.apply(LeakyRelu(alpha: alpha), x, name: name)
}
