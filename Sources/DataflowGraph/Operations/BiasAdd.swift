import Tensors

/// A vector added to every row. TensorFlow's `BiasAdd`.
public struct BiasAdd: PlainOperation {
  public static let name = "BiasAdd"

  public init() {}

  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(allowed: ["data_format": [.string("NHWC")]])
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 2)
    try expectSameType(inputs, among: .floats)
    try expect(inputs[1], rank: 1, "the bias")
    guard let columns = inputs[0].shape.dimensions.last, columns.couldEqual(inputs[1].shape[0])
    else {
      throw GraphError("the bias \(inputs[1].shape) does not fit the rows of \(inputs[0].shape)")
    }
    return [TensorSpec(inputs[0].elementType, inputs[0].shape)]
  }

  public var overwritableInputs: [Int] { [0] }

  public func scalarExpression(inputs: [TensorSpec]) -> ScalarExpression? { .x + .y }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    try makeElementwiseKernel(
      .x + .y, computing: inputs[0].elementType, inputs: inputs,
      output: outputs[0])
  }

  /// The walker that undoes broadcasting sums the bias's gradient over the rows.
  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    [outputGradients[0], outputGradients[0]]
  }

  public static var samples: [OperationSample] {
    let shapes: [Shape] = [[3], [2, 3], [0, 3], [4, 2, 5], [30, 40]]
    return shapes.map { shape in
      let columns = shape.dimensions.last!
      return OperationSample(BiasAdd(), [.random(shape), .random([columns], seed: 2)]) { inputs in
        let bias = inputs[1].doubles
        let sums = inputs[0].doubles.enumerated().map { $1 + bias[$0 % columns] }
        return [Tensor(shape: shape, scalars: sums)]
      }
    }
  }
}

/// `x` with the vector `bias` added to every row.
public func biasAdd(_ x: Value, _ bias: Value, name: String? = nil) -> Value {
  x.graph.apply(BiasAdd(), x, bias, name: name)
}
