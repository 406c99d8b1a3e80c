import Tensors

/// Rows picked by their indices. TensorFlow's `GatherV2` along the first axis.
public struct GatherV2: Operation {
  public static let name = "GatherV2"

  public init() {}
  public init(attributes: Attributes) {}

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 2)
    guard inputs[0].shape.rank > 0 else {
      throw GraphError("there are no rows in a scalar")
    }
    try expect(inputs[1], type: .int32, "the indices")
    let sizes = inputs[1].shape.dimensions + inputs[0].shape.dimensions.dropFirst()
    return [TensorSpec(inputs[0].elementType, SymbolicShape(sizes))]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) -> any Kernel {
    let size = inputs[0].elementType.size
    return FunctionKernel { context in
      let (source, indices, target) = (context.inputs[0], context.inputs[1], context.outputs[0])
      try checkIndices(indices, below: source.dimensions[0])
      let bytes = source.count(from: 1) * size
      let positions = indices.elements(Int32.self)
      let sharding = Sharding(count: indices.count, nanoseconds: 2 + Double(bytes) / 10)
      context.forEachShard(sharding) { _, range in
        for row in range {
          (target.base + row * bytes).copyMemory(
            from: source.base + Int(positions[row]) * bytes, byteCount: bytes)
        }
      }
    }
  }

  public func gradients(of node: Node, outputGradients: [Value?]) throws -> [Value?] {
    let (rows, indices) = (node.inputs[0], node.inputs[1])
    let inner = rows.shape.dimensions.dropFirst()
    let flat = reshape(
      outputGradients[0]!, SymbolicShape([indices.shape.elementCount] + inner))
    let flatIndices = reshape(indices, [indices.shape.elementCount])
    return [unsortedSegmentSum(flat, flatIndices, segments: rows.shape[0]), nil]
  }

  public static var samples: [OperationSample] {
    let cases: [(Shape, Shape)] = [
      ([4], [3]), ([4, 2], [5]), ([3, 2, 2], [2, 2]), ([2, 3], [0]),
    ]
    return cases.map { shape, picked in
      let indices = (0..<picked.elementCount).map { Int32(($0 * 7 + 1) % shape[0]) }
      let inner = shape.dimensions.dropFirst().reduce(1, *)
      return OperationSample(
        GatherV2(), [.random(shape), Tensor(shape: picked, scalars: indices)]
      ) { inputs in
        let elements = inputs[0].doubles
        let rows = indices.flatMap { elements[Int($0) * inner..<(Int($0) + 1) * inner] }
        let sizes = picked.dimensions + shape.dimensions.dropFirst()
        return [Tensor(shape: Shape(sizes), scalars: rows)]
      }
    }
  }
}

/// The rows of `x` that `indices` (`int32`) name; the result's first dimensions are the indices'.
public func gather(_ x: Value, _ indices: Value) -> Value {
  x.graph.apply(GatherV2(), x, indices)
}

/// - Throws: `GraphError` with the first index that is not in `0..<bound`.
func checkIndices(_ indices: TensorView, below bound: Int) throws {
  let elements = indices.elements(Int32.self)
  var (lowest, highest) = (Int32.max, Int32.min)
  for position in 0..<indices.count {
    lowest = min(lowest, elements[position])
    highest = max(highest, elements[position])
  }
  guard indices.count > 0, lowest < 0 || Int(highest) >= bound else { return }
  let position = (0..<indices.count).first { elements[$0] < 0 || Int(elements[$0]) >= bound }!
  throw GraphError(
    "index \(elements[position]) at position \(position) is outside 0..<\(bound)")
}
