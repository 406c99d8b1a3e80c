import Tensors

/// Whether both inputs are true. TensorFlow's `LogicalAnd`.
public struct LogicalAnd: PredicateOperation, BinaryOperation {
  public static let name = "LogicalAnd"
  public static let types: [ElementType] = [.bool]
  public var expression: ScalarExpression { .binary(.minimum, .x, .y) }

  public init() {}

  public static var tensorFlowForm: TensorFlowForm { TensorFlowForm(types: [:]) }

  public static var samples: [OperationSample] {
    let left = Tensor(shape: [2, 2], scalars: [true, true, false, false])
    let right = [true, false, true, false]
    return [
      OperationSample(LogicalAnd(), [left, Tensor(shape: [2, 2], scalars: right)]) { inputs in
        let pairs = zip(inputs[0].scalars(as: Bool.self), right)
        return [Tensor(shape: [2, 2], scalars: pairs.map { $0 && $1 })]
      },
      OperationSample(LogicalAnd(), [left, Tensor(true)]) { inputs in
        [Tensor(shape: [2, 2], scalars: inputs[0].scalars().map { (x: Bool) in x && true })]
      },
    ]
  }
}

/// Whether both inputs are true.
public func logicalAnd(_ left: Value, _ right: Value, name: String? = nil) -> Value {
  left.graph.apply(LogicalAnd(), left, right, name: name)
}
