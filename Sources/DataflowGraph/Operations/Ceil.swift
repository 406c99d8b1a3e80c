import Tensors

/// The smallest whole number that is not below `x`. TensorFlow's `Ceil`.
public struct Ceil: UnaryOperation {
  public static let name = "Ceil"
  public var expression: ScalarExpression { .unary(.ceil, .x) }

  public init() {}

  /// Piecewise constant: no gradient flows.
  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] { [nil] }

  public static var samples: [OperationSample] {
    OperationSample.unary(Ceil(), in: -3.5...3.5) { $0.rounded(.up) }
  }
}

/// The smallest whole number that is not below `x`.
public func ceil(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Ceil(), x, name: name)
}
