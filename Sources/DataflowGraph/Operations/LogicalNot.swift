import Tensors

/// Whether the input is false. TensorFlow's `LogicalNot`.
public struct LogicalNot: PredicateOperation, UnaryOperation {
  public static let name = "LogicalNot"
  public static let types: [ElementType] = [.bool]
  public var expression: ScalarExpression { .binary(.equal, .x, 0) }

  public init() {}

  public static var tensorFlowForm: TensorFlowForm { TensorFlowForm(types: [:]) }

  public static var samples: [OperationSample] {
    [
      OperationSample(LogicalNot(), [Tensor([true, false, true])]) { _ in
        [Tensor([false, true, false])]
      }
    ]
  }
}

/// Whether `x` is false.
public func logicalNot(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(LogicalNot(), x, name: name)
}
