import Tensors

/// The quotient rounded down. TensorFlow's `FloorDiv`.
public struct FloorDiv: BinaryOperation {
  public static let name = "FloorDiv"
  public static let types: [ElementType] = .numbers
  public var expression: ScalarExpression { .binary(.flooredQuotient, .x, .y) }

  public init() {}

  /// No gradient flows, as in TensorFlow.
  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] { [nil, nil] }

  public static var samples: [OperationSample] {
    OperationSample.binary(FloorDiv(), in: 0.3...4, isDifferentiable: false) {
      ($0 / $1).rounded(.down)
    }
      + OperationSample.integers(FloorDiv(), [7, -7, 7, -7, 6], [2, 2, -2, -2, -3]) {
        Int64((Double($0) / Double($1)).rounded(.down))
      }
  }
}

/// The quotient rounded down.
public func floorDiv(_ x: Value, _ y: Value, name: String? = nil) -> Value {
  x.graph.apply(FloorDiv(), x, y, name: name)
}
