import Tensors

/// -1, 0 or 1. TensorFlow's `Sign`.
public struct Sign: ElementwiseOperation {
  public static let name = "Sign"
  public static let inputCount = 1
  public static let expression = ScalarExpression.unary(.sign, .input(0))

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    [nil]
  }

  public static var samples: [OperationSample] {
    OperationSample.unary(Sign()) { $0 > 0 ? 1 : ($0 < 0 ? -1 : 0) }
  }
}

/// -1, 0 or 1.
public func sign(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Sign(), x, name: name)
}
