import Tensors

/// The quotient without its fraction. TensorFlow's `TruncateDiv`.
public struct TruncateDiv: BinaryOperation {
  public static let name = "TruncateDiv"
  public static let types: [ElementType] = .numbers
  public var expression: ScalarExpression { .binary(.truncatedQuotient, .x, .y) }

  public init() {}

  /// No gradient flows, as in TensorFlow.
  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] { [nil, nil] }

  public static var samples: [OperationSample] {
    OperationSample.binary(TruncateDiv(), in: 0.3...4, isDifferentiable: false) {
      ($0 / $1).rounded(.towardZero)
    }
      + OperationSample.integers(TruncateDiv(), [7, -7, 7, -7, 6], [2, 2, -2, -2, -3]) { $0 / $1 }
  }
}

/// The quotient without its fraction.
public func truncateDiv(_ x: Value, _ y: Value, name: String? = nil) -> Value {
  x.graph.apply(TruncateDiv(), x, y, name: name)
}
