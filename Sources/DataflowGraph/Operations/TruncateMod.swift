import Tensors

/// The remainder of the truncated quotient: it has the sign of `x`. TensorFlow's `TruncateMod`.
public struct TruncateMod: BinaryOperation {
  public static let name = "TruncateMod"
  public static let types: [ElementType] = .numbers
  public var expression: ScalarExpression { .binary(.truncatedRemainder, .x, .y) }

  public init() {}

  /// No gradient flows, as in TensorFlow.
  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] { [nil, nil] }

  public static var samples: [OperationSample] {
    OperationSample.binary(TruncateMod(), in: 0.3...4, isDifferentiable: false) {
      $0.truncatingRemainder(dividingBy: $1)
    }
      + OperationSample.integers(TruncateMod(), [7, -7, 7, -7, 6], [2, 2, -2, -2, -3]) { $0 % $1 }
  }
}

/// The remainder of the truncated quotient: it has the sign of `x`.
public func truncateMod(_ x: Value, _ y: Value, name: String? = nil) -> Value {
  x.graph.apply(TruncateMod(), x, y, name: name)
}
