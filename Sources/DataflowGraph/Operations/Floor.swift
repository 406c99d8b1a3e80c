import Tensors

/// The largest whole number that is not above `x`. TensorFlow's `Floor`.
public struct Floor: UnaryOperation {
  public static let name = "Floor"
  public var expression: ScalarExpression { .unary(.floor, .x) }

  public init() {}

  /// Piecewise constant: no gradient flows.
  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] { [nil] }

  public static var samples: [OperationSample] {
    OperationSample.unary(Floor(), in: -3.5...3.5) { $0.rounded(.down) }
  }
}

/// The largest whole number that is not above `x`.
public func floor(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Floor(), x, name: name)
}
