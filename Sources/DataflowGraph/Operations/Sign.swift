import Tensors

/// -1, 0 or 1. TensorFlow's `Sign`.
public struct Sign: UnaryOperation {
  public static let name = "Sign"
  public static let types: [ElementType] = .numbers
  public var expression: ScalarExpression { .unary(.sign, .x) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    [nil]
  }

  public static var samples: [OperationSample] {
    OperationSample.unary(Sign()) { $0 > 0 ? 1 : ($0 < 0 ? -1 : 0) }
      + OperationSample.integers(Sign(), [7, -7, 0, 5]) { $0.signum() }
  }
}

/// -1, 0 or 1.
public func sign(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Sign(), x, name: name)
}
