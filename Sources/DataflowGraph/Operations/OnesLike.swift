import Tensors

/// Ones of the input's type and shape; `true` for booleans. TensorFlow's `OnesLike`.
public struct OnesLike: PlainOperation {
  public static let name = "OnesLike"

  public init() {}

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    return [TensorSpec(inputs[0].elementType, inputs[0].shape)]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    func make<T: KernelNumber>(_: T.Type) -> any Kernel {
      FunctionKernel { context in
        context.outputs[0].elements(T.self).update(repeating: 1, count: context.outputs[0].count)
      }
    }
    return make(try inputs[0].elementType.kernelNumber)
  }

  public func deviceProgram(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> DeviceProgram? {
    .elementwise(
      .constant(1), computing: try inputs[0].elementType.kernelNumber.elementType, inputs: [],
      output: outputs[0])
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] { [nil] }

  public static var samples: [OperationSample] {
    [
      OperationSample(OnesLike(), [.random([2, 3])], differentiable: []) { _ in
        [Tensor(shape: [2, 3], scalars: Array(repeating: 1.0, count: 6))]
      },
      OperationSample(OnesLike(), [Tensor([3, 4] as [Int64])]) { _ in [Tensor([1, 1] as [Int64])] },
      OperationSample(OnesLike(), [Tensor([true, false])]) { _ in [Tensor([true, true])] },
    ]
  }
}

/// Ones of the type and shape of `x`.
public func onesLike(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(OnesLike(), x, name: name)
}
