import Tensors

/// `-x`. TensorFlow's `Neg`.
public struct Neg: UnaryOperation {
  public static let name = "Neg"
  public static let types: [ElementType] = .numbers
  public var expression: ScalarExpression { .unary(.negate, .x) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    [-outputGradients[0]!]
  }

  public static var samples: [OperationSample] {
    OperationSample.unary(Neg()) { -$0 }
      + OperationSample.integers(Neg(), [7, -7, 0, 5]) { 0 &- $0 }
  }
}

extension Value {
  public static prefix func - (x: Value) -> Value { x.graph.apply(Neg(), x) }
}
