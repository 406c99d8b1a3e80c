import Tensors

/// Whether an element is infinite. TensorFlow's `IsInf`.
public struct IsInf: PredicateOperation, UnaryOperation {
  public static let name = "IsInf"
  public var expression: ScalarExpression {
    .binary(.equal, .unary(.absolute, .x), .constant(.infinity))
  }

  public init() {}

  public static var samples: [OperationSample] {
    let inputs = Tensor([1.0, -0.0, .infinity, -.infinity, .nan, 1e300])
    return [
      OperationSample(IsInf(), [inputs], differentiable: []) { inputs in
        [Tensor(inputs[0].doubles.map { $0.isInfinite })]
      }
    ]
  }
}

/// Whether an element is infinite.
public func isInfinite(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(IsInf(), x, name: name)
}
