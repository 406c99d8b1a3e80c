import Tensors

/// The permutation that undoes another one. TensorFlow's `InvertPermutation`.
public struct InvertPermutation: PlainOperation {
  public static let name = "InvertPermutation"

  public init() {}

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    try expectSameType(inputs, among: .indices)
    try expect(inputs[0], rank: 1, "the permutation")
    return [inputs[0]]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) -> any Kernel {
    let type = inputs[0].elementType
    return FunctionKernel { context in
      let (input, output) = (context.inputs[0], context.outputs[0])
      try checkIndices(input, type, below: input.count)
      for index in 0..<input.count { output.setInteger(-1, at: index, type) }
      for index in 0..<input.count {
        let place = input.integer(at: index, type)
        guard output.integer(at: place, type) < 0 else {
          throw GraphError("\(place) is in the permutation more than once")
        }
        output.setInteger(index, at: place, type)
      }
    }
  }

  public static var samples: [OperationSample] {
    [
      OperationSample(InvertPermutation(), [Tensor([2, 0, 3, 1] as [Int32])]) { _ in
        [Tensor([1, 3, 0, 2] as [Int32])]
      },
      OperationSample(InvertPermutation(), [Tensor([1, 0] as [Int64])]) { $0 },
      OperationSample(InvertPermutation(), [Tensor([] as [Int64])]) { $0 },
    ]
  }
}

/// The permutation that undoes `permutation`.
public func invertPermutation(_ permutation: Value, name: String? = nil) -> Value {
  permutation.graph.apply(InvertPermutation(), permutation, name: name)
}
