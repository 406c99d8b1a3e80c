import Tensors

/// Sums of rows that belong together: the transpose of `GatherV2`. TensorFlow's
/// `UnsortedSegmentSum` with the number of segments as an attribute.
public struct UnsortedSegmentSum: Operation {
  public static let name = "UnsortedSegmentSum"

  let segments: Dimension

  public init(segments: Dimension) { self.segments = segments }

  public init(attributes: Attributes) throws {
    let shape = try attributes.shape("num_segments")
    guard shape.rank == 1 else { throw GraphError("attribute num_segments = \(shape): one size") }
    segments = shape[0]
  }

  public var attributes: Attributes { ["num_segments": .shape([segments])] }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 2)
    try expectSameType([inputs[0]], among: .floats)
    try expect(inputs[1], type: .int32, "the segment ids")
    try expect(inputs[1], rank: 1, "the segment ids")
    guard let rows = inputs[0].shape.dimensions.first, rows.couldEqual(inputs[1].shape[0]) else {
      throw GraphError("\(inputs[1].shape) ids do not fit the rows of \(inputs[0].shape)")
    }
    let sizes = [segments] + inputs[0].shape.dimensions.dropFirst()
    return [TensorSpec(inputs[0].elementType, SymbolicShape(sizes))]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    try makeFloatKernel(inputs[0].elementType) {
      UnsortedSegmentSumKernel<Float>()
    } _: {
      UnsortedSegmentSumKernel<Double>()
    }
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    [gather(outputGradients[0]!, node.inputs[1]), nil]
  }

  public static var samples: [OperationSample] {
    let cases: [(Shape, Int)] = [
      ([5], 3), ([6, 2], 4), ([0, 2], 2), ([4, 2, 3], 2), ([20_000, 3], 40), ([3, 1], 5),
    ]
    return cases.map { shape, segments in
      let ids = (0..<shape[0]).map { Int32(($0 * 5 + 2) % segments) }
      let inner = shape.dimensions.dropFirst().reduce(1, *)
      return OperationSample(
        UnsortedSegmentSum(segments: Dimension(segments)), [.random(shape), Tensor(ids)],
        differentiable: shape.elementCount > 1000 ? [] : [0]
      ) { inputs in
        var sums = Array(repeating: 0.0, count: segments * inner)
        for (index, element) in inputs[0].doubles.enumerated() {
          sums[Int(ids[index / inner]) * inner + index % inner] += element
        }
        let sizes = [segments] + shape.dimensions.dropFirst()
        return [Tensor(shape: Shape(sizes), scalars: sums)]
      }
    }
  }
}

/// The sums of the rows of `x` with equal `ids` (`int32`), for the ids `0..<segments`.
public func unsortedSegmentSum(_ x: Value, _ ids: Value, segments: Dimension) -> Value {
  x.graph.apply(UnsortedSegmentSum(segments: segments), x, ids)
}

private final class UnsortedSegmentSumKernel<T: KernelFloat>: Kernel {
  private var rows = 0
  private var inner = 0
  private var segments = 0
  private var sharding = Sharding(count: 0, nanoseconds: 0)

  func prepare(_ sizes: KernelSizes) throws -> Int {
    (rows, segments) = (sizes.inputs[0][0], sizes.outputs[0][0])
    guard rows == sizes.inputs[1][0] else {
      throw GraphError("\(sizes.inputs[1]) ids do not fit the rows of \(sizes.inputs[0])")
    }
    inner = sizes.inputs[0].dimensions.dropFirst().reduce(1, *)
    // Each shard sums into a copy of the result; more copies than that would cost more than they save.
    let maximum = min(16, max(1, rows / max(1, 4 * segments)))
    sharding = Sharding(count: rows, nanoseconds: 1 + 0.5 * Double(inner), maximum: maximum)
    return sharding.shards > 1 ? sharding.shards * segments * inner * MemoryLayout<T>.stride : 0
  }

  @specialized(where T == Float)
  @specialized(where T == Double)
  func run(_ context: borrowing KernelContext) throws {
    try checkIndices(context.inputs[1], below: segments)
    let source = UnsafePointer(context.inputs[0].elements(T.self))
    let ids = UnsafePointer(context.inputs[1].elements(Int32.self))
    let output = context.outputs[0].elements(T.self)
    let partial = context.workspace.assumingMemoryBound(to: T.self)
    let count = segments * inner
    context.forEachShard(sharding) { shard, range in
      add(range, source, ids, into: sharding.shards > 1 ? partial + shard * count : output)
    }
    if sharding.shards > 1 { sumRows(partial, 0..<sharding.shards, count, into: output) }
  }

  private func add(
    _ range: Range<Int>, _ source: UnsafePointer<T>, _ ids: UnsafePointer<Int32>,
    into sums: UnsafeMutablePointer<T>
  ) {
    sums.update(repeating: 0, count: segments * inner)
    for row in range {
      let target = sums + Int(ids[row]) * inner
      let elements = source + row * inner
      for index in 0..<inner { target[index] += elements[index] }
    }
  }
}
