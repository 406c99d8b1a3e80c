import Tensors

/// Half the sum of all squares. TensorFlow's `L2Loss`.
public struct L2Loss: PlainOperation {
  public static let name = "L2Loss"

  public init() {}

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    try expectSameType(inputs, among: .floats)
    return [TensorSpec(inputs[0].elementType, .scalar)]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    try makeFloatKernel(inputs[0].elementType) {
      L2LossKernel<Float>()
    } _: {
      L2LossKernel<Double>()
    }
  }

  public func deviceProgram(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> DeviceProgram? {
    .halfSquares(inputs[0].elementType, rank: inputs[0].shape.rank)
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    [node.inputs[0] * outputGradients[0]!]
  }

  public static var samples: [OperationSample] {
    let shapes: [Shape] = [[], [7], [30, 4], [0, 2], [300, 700]]
    return shapes.map { shape in
      let indices: [Int]? = shape.elementCount > 1000 ? [] : nil
      return OperationSample(L2Loss(), [.random(shape)], differentiable: indices) { inputs in
        [Tensor(inputs[0].doubles.reduce(0) { $0 + $1 * $1 } / 2)]
      }
    }
  }
}

/// Half the sum of all squares of `x`.
public func l2Loss(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(L2Loss(), x, name: name)
}

private final class L2LossKernel<T: KernelFloat>: Kernel {
  private var sharding = Sharding(count: 0, nanoseconds: 0)

  func prepare(_ sizes: KernelSizes) -> Int {
    sharding = Sharding(count: sizes.inputs[0].elementCount, nanoseconds: 0.3)
    return sharding.shards * MemoryLayout<T>.stride
  }

  @specialized(where T == Float)
  @specialized(where T == Double)
  func run(_ context: borrowing KernelContext) {
    let x = context.inputs[0].elements(T.self)
    let sums = context.workspace.assumingMemoryBound(to: T.self)
    context.forEachShard(sharding) { shard, range in
      sums[shard] = sumInPairs(range) {
        squares(UnsafePointer(x) + $0.lowerBound, $0.count)
      }
    }
    context.outputs[0].elements(T.self)[0] = vectorSum(sums, sharding.shards) / 2
  }

  private func squares(_ x: UnsafePointer<T>, _ count: Int) -> T {
    var lanes = SIMD8<T>(repeating: 0)
    var index = 0
    while index &+ 8 <= count {
      let v = UnsafeRawPointer(x + index).loadUnaligned(as: SIMD8<T>.self)
      lanes += v * v
      index &+= 8
    }
    var total = lanes.sum()
    while index < count {
      total += x[index] * x[index]
      index &+= 1
    }
    return total
  }
}
