import Tensors

/// `-x`. TensorFlow's `Neg`.
public struct Neg: ElementwiseOperation {
  public static let name = "Neg"
  public static let inputCount = 1
  public static let expression = ScalarExpression.unary(.negate, .input(0))

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    [-outputGradients[0]!]
  }

  public static var samples: [OperationSample] {
    OperationSample.unary(Neg()) { -$0 }
  }
}

extension Value {
  public static prefix func - (x: Value) -> Value { x.graph.apply(Neg(), x) }
}
