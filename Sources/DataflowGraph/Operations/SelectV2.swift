import Tensors

/// The second input where the first is true, else the third. TensorFlow's `SelectV2`.
public struct SelectV2: PlainOperation {
  public static let name = "SelectV2"
  private static let expression = ScalarExpression.select(.x, .y, .z)

  public init() {}

  public static var tensorFlowForm: TensorFlowForm { TensorFlowForm(types: ["T": .input(1)]) }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 3)
    try expect(inputs[0], type: .bool, "the condition")
    try expectSameType(Array(inputs[1...]), among: .all)
    let shape = try inputs[1].shape.broadcast(with: inputs[2].shape)
    return [TensorSpec(inputs[1].elementType, try shape.broadcast(with: inputs[0].shape))]
  }

  public var overwritableInputs: [Int] { [1, 2] }

  public func scalarExpression(inputs: [TensorSpec]) -> ScalarExpression? { Self.expression }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    try makeElementwiseKernel(
      Self.expression, computing: outputs[0].elementType, inputs: inputs, output: outputs[0])
  }

  public func gradients(of node: Node, outputGradients: [Value?]) throws -> [Value?] {
    let gradient = outputGradients[0]!
    let zero = node.graph.constant(0, gradient.elementType)
    return [
      nil, select(node.inputs[0], gradient, zero), select(node.inputs[0], zero, gradient),
    ]
  }

  public static var samples: [OperationSample] {
    let condition = Tensor(shape: [2, 3], scalars: [true, false, true, false, false, true])
    return [
      OperationSample(
        SelectV2(), [condition, .random([2, 3], seed: 1), .random([2, 3], seed: 2)]
      ) { inputs in
        let mask = inputs[0].scalars(as: Bool.self)
        let (first, second) = (inputs[1].doubles, inputs[2].doubles)
        return [
          Tensor(shape: [2, 3], scalars: mask.indices.map { mask[$0] ? first[$0] : second[$0] })
        ]
      },
      OperationSample(SelectV2(), [condition, .random([3]), Tensor(2.0)]) { inputs in
        let mask = inputs[0].scalars(as: Bool.self)
        return [
          Tensor(
            shape: [2, 3], scalars: mask.indices.map { mask[$0] ? inputs[1].doubles[$0 % 3] : 2 })
        ]
      },
      OperationSample(
        SelectV2(),
        [condition, Tensor(shape: [2, 1], scalars: [4, 5] as [Int32]), Tensor(6 as Int32)]
      ) { _ in [Tensor(shape: [2, 3], scalars: [4, 6, 4, 6, 6, 5] as [Int32])] },
      OperationSample(SelectV2(), [condition, condition, Tensor(true)]) { _ in
        [Tensor(shape: [2, 3], scalars: Array(repeating: true, count: 6))]
      },
    ]
  }
}

/// `first` where `condition` is true, else `second`.
public func select(_ condition: Value, _ first: Value, _ second: Value) -> Value {
  condition.graph.apply(SelectV2(), condition, first, second)
}
