import Tensors

/// The nearest whole number, of two equally near ones the even one. TensorFlow's `Rint`.
public struct Rint: UnaryOperation {
  public static let name = "Rint"
  public var expression: ScalarExpression { .unary(.round, .x) }

  public init() {}

  /// Piecewise constant: no gradient flows.
  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] { [nil] }

  public static var samples: [OperationSample] {
    OperationSample.unary(Rint(), in: -3.5...3.5) { $0.rounded(.toNearestOrEven) }
  }
}

/// The nearest whole number, of two equally near ones the even one.
public func rint(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Rint(), x, name: name)
}
