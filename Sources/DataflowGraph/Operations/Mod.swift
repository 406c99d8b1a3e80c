import Tensors

/// The remainder of the truncated quotient, under its older name. TensorFlow's `Mod`.
public struct Mod: BinaryOperation {
  public static let name = "Mod"
  public static let types: [ElementType] = .numbers
  public var expression: ScalarExpression { .binary(.truncatedRemainder, .x, .y) }

  public init() {}

  /// No gradient flows, as in TensorFlow.
  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] { [nil, nil] }

  public static var samples: [OperationSample] {
    OperationSample.binary(Mod(), in: 0.3...4, isDifferentiable: false) {
      $0.truncatingRemainder(dividingBy: $1)
    }
      + OperationSample.integers(Mod(), [7, -7, 7, -7, 6], [2, 2, -2, -2, -3]) { $0 % $1 }
  }
}
