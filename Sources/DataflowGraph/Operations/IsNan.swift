import Tensors

/// Whether an element is not a number. TensorFlow's `IsNan`.
public struct IsNan: PredicateOperation, UnaryOperation {
  public static let name = "IsNan"
  public var expression: ScalarExpression {
    .binary(.notEqual, .x, .x)
  }

  public init() {}

  public static var samples: [OperationSample] {
    let inputs = Tensor([1.0, -0.0, .infinity, -.infinity, .nan, 1e300])
    return [
      OperationSample(IsNan(), [inputs], differentiable: []) { inputs in
        [Tensor(inputs[0].doubles.map { $0.isNaN })]
      }
    ]
  }
}

/// Whether an element is not a number.
public func isNaN(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(IsNan(), x, name: name)
}
