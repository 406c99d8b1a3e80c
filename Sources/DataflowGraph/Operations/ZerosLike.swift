import Tensors

/// Zeros of the input's type and shape; `false` for booleans. TensorFlow's `ZerosLike`.
public struct ZerosLike: PlainOperation {
  public static let name = "ZerosLike"

  public init() {}

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    return [TensorSpec(inputs[0].elementType, inputs[0].shape)]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    func make<T: KernelNumber>(_: T.Type) -> any Kernel {
      FunctionKernel { context in
        context.outputs[0].elements(T.self).update(repeating: 0, count: context.outputs[0].count)
      }
    }
    return make(try inputs[0].elementType.kernelNumber)
  }

  public func deviceProgram(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> DeviceProgram? {
    .elementwise(
      .constant(0), computing: try inputs[0].elementType.kernelNumber.elementType, inputs: [],
      output: outputs[0])
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] { [nil] }

  public static var samples: [OperationSample] {
    [
      OperationSample(ZerosLike(), [.random([2, 3])], differentiable: []) { _ in
        [Tensor(shape: [2, 3], scalars: Array(repeating: 0.0, count: 6))]
      },
      OperationSample(ZerosLike(), [Tensor([3, 4] as [Int64])]) { _ in [Tensor([0, 0] as [Int64])]
      },
      OperationSample(ZerosLike(), [Tensor([true, false])]) { _ in [Tensor([false, false])] },
    ]
  }
}

/// Zeros of the type and shape of `x`.
public func zerosLike(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(ZerosLike(), x, name: name)
}
