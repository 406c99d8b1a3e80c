import Tensors

/// How many dimensions a tensor has, as `int32`. TensorFlow's `Rank`.
public struct Rank: PlainOperation {
  public static let name = "Rank"

  public init() {}

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    return [TensorSpec(.int32, .scalar)]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) -> any Kernel {
    FunctionKernel { context in
      context.outputs[0].setInteger(context.inputs[0].rank, at: 0, .int32)
    }
  }

  public func deviceProgram(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> DeviceProgram? {
    .numbers(.int32, count: 1) { [$0.inputs[0].rank] }
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] { [nil] }

  public static var samples: [OperationSample] {
    let shapes: [Shape] = [[], [3], [2, 0, 4]]
    return shapes.map { shape in
      OperationSample(Rank(), [.random(shape)], differentiable: []) { _ in
        [Tensor(Int32(shape.rank))]
      }
    }
  }
}
