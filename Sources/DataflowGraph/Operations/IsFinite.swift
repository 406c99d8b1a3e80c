import Tensors

/// Whether an element is neither infinite nor NaN. TensorFlow's `IsFinite`.
public struct IsFinite: PredicateOperation, UnaryOperation {
  public static let name = "IsFinite"
  public var expression: ScalarExpression {
    .binary(.less, .unary(.absolute, .x), .constant(.infinity))
  }

  public init() {}

  public static var samples: [OperationSample] {
    let inputs = Tensor([1.0, -0.0, .infinity, -.infinity, .nan, 1e300])
    return [
      OperationSample(IsFinite(), [inputs], differentiable: []) { inputs in
        [Tensor(inputs[0].doubles.map { $0.isFinite })]
      }
    ]
  }
}

/// Whether an element is neither infinite nor NaN.
public func isFinite(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(IsFinite(), x, name: name)
}
