import Tensors

/// Rows sorted into as many tensors as there are partitions. TensorFlow's `DynamicPartition`.
public struct DynamicPartition: Operation {
  public static let name = "DynamicPartition"

  let count: Int

  public init(count: Int) { self.count = count }
  public init(attributes: Attributes) throws { count = try attributes.int("num_partitions") }

  public var attributes: Attributes { ["num_partitions": .int(count)] }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 2)
    try expect(inputs[1], type: .int32, "the partitions")
    let (data, partitions) = (inputs[0].shape, inputs[1].shape)
    try expect(outputs: count, from: 1, "num_partitions")
    guard data.rank >= partitions.rank,
      zip(data.dimensions, partitions.dimensions).allSatisfy({ $0.couldEqual($1) })
    else {
      throw GraphError("the partitions \(partitions) do not fit the rows of \(data)")
    }
    let inner = data.dimensions.dropFirst(partitions.rank)
    return (0..<count).map {
      TensorSpec(inputs[0].elementType, SymbolicShape([.late($0)] + inner))
    }
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) -> any Kernel {
    DynamicPartitionKernel(count, elementSize: inputs[0].elementType.size)
  }

  /// The rows' numbers, sorted likewise, say where gradients go.
  public func gradients(of node: Node, outputGradients: [Value?]) throws -> [Value?] {
    let (x, partitions) = (node.inputs[0], node.inputs[1])
    let rows = partitions.shape.elementCount
    let numbers = reshape(node.graph.range(to: rows), partitions.shape)
    let places = try node.graph.add(self, [numbers, partitions]).outputs
    let parts = zip(outputGradients, node.outputs).map { $0 ?? node.graph.zeros(like: $1) }
    // Sums over rows that come once each; their number is known, unlike that of a stitch.
    let sums = unsortedSegmentSum(
      concat(parts, axis: 0), concat(places, axis: 0), segments: rows)
    return [reshape(sums, x.shape), nil]
  }

  public static var samples: [OperationSample] {
    let cases: [(Shape, Int, Int)] = [
      ([6], 1, 2), ([5, 2], 1, 3), ([2, 3, 2], 2, 2), ([0, 2], 1, 2),
    ]
    return cases.map { shape, rank, count in
      let outer = Shape(Array(shape.dimensions.prefix(rank)))
      let places = (0..<outer.elementCount).map { ($0 * 5 + 1) % count }
      let partitions = Tensor(shape: outer, scalars: places.map { Int32($0) })
      return OperationSample(DynamicPartition(count: count), [.random(shape), partitions]) {
        inputs in
        let inner = shape.dimensions.dropFirst(rank)
        let length = inner.reduce(1, *)
        return (0..<count).map { partition in
          let rows = places.indices.filter { places[$0] == partition }
          let elements = rows.flatMap { inputs[0].doubles[$0 * length..<($0 + 1) * length] }
          return Tensor(shape: Shape([rows.count] + inner), scalars: elements)
        }
      }
    }
  }
}

/// The rows of `x` sorted into `count` tensors by `partitions` (`int32`).
///
/// - Throws: `GraphError` where these do not fit.
public func dynamicPartition(
  _ x: Value, _ partitions: Value, into count: Int, name: String? = nil
) throws -> [Value] {
  try x.graph.add(DynamicPartition(count: count), [x, partitions], name: name).outputs
}

private final class DynamicPartitionKernel: LateSizeKernel {
  private let elementSize: Int
  private var counts: [Int]

  init(_ count: Int, elementSize: Int) {
    counts = Array(repeating: 0, count: count)
    self.elementSize = elementSize
  }

  func measure(_ context: borrowing KernelContext) throws -> [Int] {
    let partitions = context.inputs[1]
    try checkIndices(partitions, .int32, below: counts.count)
    for index in counts.indices { counts[index] = 0 }
    for row in 0..<partitions.count { counts[partitions.integer(at: row, .int32)] += 1 }
    return counts
  }

  func prepare(_ sizes: KernelSizes) -> Int { 0 }

  func run(_ context: borrowing KernelContext) {
    let (data, partitions) = (context.inputs[0], context.inputs[1])
    guard partitions.count > 0 else { return }
    let bytes = data.count / partitions.count * elementSize
    for index in counts.indices { counts[index] = 0 }
    for row in 0..<partitions.count {
      let partition = partitions.integer(at: row, .int32)
      (context.outputs[partition].base + counts[partition] * bytes).copyMemory(
        from: data.base + row * bytes, byteCount: bytes)
      counts[partition] += 1
    }
  }
}
