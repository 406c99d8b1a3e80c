import Tensors

/// The exponential linear unit: `x`, below 0 `exp(x) − 1`. TensorFlow's `Elu`.
public struct Elu: UnaryOperation {
  public static let name = "Elu"
  public var expression: ScalarExpression { .select(.binary(.less, .x, 0), .unary(.expm1, .x), .x) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (y, g) = (node.output, outputGradients[0]!)
    return [select(y .< 0, g * (y + 1), g)]
  }

  public static var samples: [OperationSample] {
    OperationSample.unary(Elu(), in: -3...3) { $0 < 0 ? Platform.expm1($0) : $0 }
  }
}

/// The exponential linear unit: `x`, below 0 `exp(x) − 1`.
public func elu(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Elu(), x, name: name)
}
