import Tensors

/// Whether one of the inputs is true, or both are. TensorFlow's `LogicalOr`.
public struct LogicalOr: PredicateOperation, BinaryOperation {
  public static let name = "LogicalOr"
  public static let types: [ElementType] = [.bool]
  public var expression: ScalarExpression { .binary(.maximum, .x, .y) }

  public init() {}

  public static var tensorFlowForm: TensorFlowForm { TensorFlowForm(types: [:]) }

  public static var samples: [OperationSample] {
    let left = Tensor(shape: [2, 2], scalars: [true, true, false, false])
    let right = [true, false, true, false]
    return [
      OperationSample(LogicalOr(), [left, Tensor(shape: [2, 2], scalars: right)]) { inputs in
        let pairs = zip(inputs[0].scalars(as: Bool.self), right)
        return [Tensor(shape: [2, 2], scalars: pairs.map { $0 || $1 })]
      },
      OperationSample(LogicalOr(), [left, Tensor(true)]) { inputs in
        [Tensor(shape: [2, 2], scalars: inputs[0].scalars().map { (x: Bool) in x || true })]
      },
    ]
  }
}

/// Whether one of the inputs is true, or both are.
public func logicalOr(_ left: Value, _ right: Value, name: String? = nil) -> Value {
  left.graph.apply(LogicalOr(), left, right, name: name)
}
