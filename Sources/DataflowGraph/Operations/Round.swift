import Tensors

/// The nearest whole number, of two equally near ones the even one. TensorFlow's `Round`.
public struct Round: UnaryOperation {
  public static let name = "Round"
  public static let types: [ElementType] = .numbers
  public var expression: ScalarExpression { .unary(.round, .x) }

  public init() {}

  /// Piecewise constant: no gradient flows.
  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] { [nil] }

  public static var samples: [OperationSample] {
    OperationSample.unary(Round(), in: -3.5...3.5) {
      $0.rounded(.toNearestOrEven)
    } + OperationSample.integers(Round(), [7, -7]) { $0 }
  }
}

/// The nearest whole number, of two equally near ones the even one.
public func round(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Round(), x, name: name)
}
