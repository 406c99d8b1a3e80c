import Tensors

/// The sum of any number of values of one shape, in their order. TensorFlow's `AddN`.
public struct AddN: PlainOperation {
  public static let name = "AddN"

  public init() {}

  public static var tensorFlowForm: TensorFlowForm { TensorFlowForm(count: "N") }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    guard let first = inputs.first else { throw GraphError("takes at least 1 input, got 0") }
    try expectSameType(inputs, among: .numbers)
    for (index, input) in inputs.enumerated() where !input.shape.couldEqual(first.shape) {
      throw GraphError("input \(index) has shape \(input.shape), input 0 \(first.shape)")
    }
    return [TensorSpec(first.elementType, first.shape)]
  }

  public var overwritableInputs: [Int] { [0] }

  /// An expression keeps a block of each input in memory of its own, and is as deep as there are inputs.
  private static let mostInputsOfExpression = DeviceDialect.mostParameters

  public func scalarExpression(inputs: [TensorSpec]) -> ScalarExpression? {
    guard inputs.count <= Self.mostInputsOfExpression else { return nil }
    return inputs.indices.dropFirst().reduce(ScalarExpression.input(0)) {
      .binary(.add, $0, .input($1))
    }
  }

  public func flops(inputs: [TensorSpec], outputs: [TensorSpec]) -> Dimension {
    outputs[0].shape.elementCount * Dimension(inputs.count - 1)
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    let type = outputs[0].elementType
    if let expression = scalarExpression(inputs: inputs) {
      return try makeElementwiseKernel(
        expression, computing: type, inputs: inputs, output: outputs[0])
    }
    func make<T: KernelNumber>(_: T.Type) -> any Kernel { AddNKernel<T>(inputs.count) }
    return make(try type.kernelNumber)
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    node.inputs.map { _ in outputGradients[0] }
  }

  public static var samples: [OperationSample] {
    [1, 2, 3, 40].map { count in
      let inputs = (0..<count).map { Tensor.random([2, 700], seed: UInt64($0)) }
      return OperationSample(
        AddN(), inputs, differentiable: count > 3 ? [0, count - 1] : nil
      ) { inputs in
        let columns = inputs.map(\.doubles)
        return [
          Tensor(
            shape: [2, 700],
            scalars: columns[0].indices.map { index in
              columns.reduce(0) { $0 + $1[index] }
            })
        ]
      }
    }
  }
}

/// Adds many tensors up, block by block. What they come to so far is not where the output is, which may lie where an
/// input does that comes again.
private final class AddNKernel<T: KernelNumber>: Kernel, DeviceComputable {
  private let inputCount: Int
  private var sharding = Sharding(count: 0, nanoseconds: 0)

  init(_ inputCount: Int) { self.inputCount = inputCount }

  private static var bytesPerShard: Int {
    ElementwiseProgram.blockSize * MemoryLayout<T>.stride
  }

  func prepare(_ sizes: KernelSizes) -> Int {
    sharding = Sharding(
      count: sizes.outputs[0].elementCount, nanoseconds: 0.25 * Double(inputCount))
    return sharding.shards * Self.bytesPerShard
  }

  @specialized(where T == Float)
  @specialized(where T == Double)
  @specialized(where T == Int32)
  @specialized(where T == Int64)
  @specialized(where T == UInt8)
  func run(_ context: borrowing KernelContext) {
    let (inputs, output) = (context.inputs, context.outputs[0].elements(T.self))
    let (workspace, block) = (context.workspace, ElementwiseProgram.blockSize)
    context.forEachShard(sharding) { shard, range in
      let sum = (workspace + shard * Self.bytesPerShard).assumingMemoryBound(to: T.self)
      for start in stride(from: range.lowerBound, to: range.upperBound, by: block) {
        let count = min(block, range.upperBound - start)
        sum.update(from: inputs[0].elements(T.self) + start, count: count)
        for index in 1..<inputCount {
          BinaryFunction.add.apply(sum, inputs[index].elements(T.self) + start, sum, count)
        }
        (output + start).update(from: sum, count: count)
      }
    }
  }

  func deviceProgram(_ inputs: [TensorSpec], _ outputs: [TensorSpec]) -> DeviceProgram? {
    .sum(T.elementType, inputCount: inputCount)
  }
}
