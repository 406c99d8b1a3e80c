import Tensors

/// The gradient of a function of one number, as TensorFlow has it: the inputs are the function's value and the
/// gradient with respect to that, of one shape.
///
/// Where that gradient is 0 so is the result, even where the slope is infinite or NaN, as behind a mask that leaves
/// padding out.
protocol SlopeOperation: BinaryOperation {
  /// The gradient `.y` with respect to the value `.x`, times the slope there.
  var product: ScalarExpression { get }
}

extension SlopeOperation {
  public var expression: ScalarExpression { .select(.binary(.equal, .y, 0), 0, product) }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 2)
    try expectSameType(inputs, among: .floats)
    guard inputs[0].shape.couldEqual(inputs[1].shape) else {
      throw GraphError("input 1 has shape \(inputs[1].shape), input 0 \(inputs[0].shape)")
    }
    return [TensorSpec(inputs[0].elementType, try broadcast(inputs))]
  }
}

extension OperationSample {
  /// Samples of a slope times a gradient, and one of slopes that are infinite or NaN.
  static func slope(
    _ operation: any SlopeOperation, _ slope: @escaping @Sendable (Double) -> Double
  ) -> [OperationSample] {
    let shapes: [Shape] = [[], [5], [3, 7], [0, 4], [2, 700]]
    let usual = shapes.enumerated().map { index, shape in
      OperationSample(
        operation,
        [
          .random(shape, in: 0.5...2, seed: UInt64(2 * index)),
          .random(shape, seed: UInt64(2 * index + 1)),
        ]
      ) { inputs in
        let pairs = zip(inputs[0].doubles, inputs[1].doubles)
        return [Tensor(shape: shape, scalars: pairs.map { $1 * slope($0) })]
      }
    }
    let values = Tensor([0, .infinity, .nan, 2.0])
    return usual + [
      OperationSample(operation, [values, Tensor([0, -0.0, 0, 3])], differentiable: []) { _ in
        [Tensor([0, 0, 0, 3 * slope(2)])]
      }
    ]
  }
}
