import Tensors

/// Rows picked by their indices, or columns along another dimension. TensorFlow's `GatherV2` with the
/// axis as an attribute.
public struct GatherV2: Operation {
  public static let name = "GatherV2"

  package let axis: Int
  /// Whether a negative index stands for zeros; it is an error otherwise.
  package let zeroesNegative: Bool

  /// - Parameters:
  ///   - axis: counted from the back where negative.
  ///   - zeroesNegative: whether a negative index stands for zeros, as the gradients of segments
  ///     need, which leave out rows with negative ids; it is an error otherwise, as in TensorFlow.
  public init(axis: Int = 0, zeroesNegative: Bool = false) {
    self.axis = axis
    self.zeroesNegative = zeroesNegative
  }

  public init(attributes: Attributes) throws {
    axis = try attributes.int("axis", default: 0)
    zeroesNegative = try attributes.bool("zeroes_negative", default: false)
    guard try attributes.int("batch_dims", default: 0) == 0 else {
      throw GraphError("attribute batch_dims; allowed: 0")
    }
  }

  public var attributes: Attributes {
    zeroesNegative ? ["axis": .int(axis), "zeroes_negative": .bool(true)] : ["axis": .int(axis)]
  }

  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(
      operands: [.init("axis", at: 2, .int, type: "Taxis")],
      types: ["Tparams": .input(0), "Tindices": .input(1)])
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 2)
    guard inputs[0].shape.rank > 0 else { throw GraphError("there are no rows in a scalar") }
    try expectSameType([inputs[1]], among: .indices)
    let axis = try inputs[0].shape.axis(axis)
    let sizes = inputs[0].shape.dimensions
    return [
      TensorSpec(
        inputs[0].elementType,
        SymbolicShape(sizes[..<axis] + inputs[1].shape.dimensions + sizes[(axis + 1)...]))
    ]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    let axis = try inputs[0].shape.axis(axis)
    let (size, type) = (inputs[0].elementType.size, inputs[1].elementType)
    let zeroesNegative = zeroesNegative
    return FunctionKernel { context in
      let (source, indices, target) = (context.inputs[0], context.inputs[1], context.outputs[0])
      let length = source.dimensions[axis]
      try checkIndices(indices, type, below: length, allowsNegative: zeroesNegative)
      let bytes = source.count(from: axis + 1) * size
      guard indices.count > 0, target.count > 0 else { return }
      let rows = target.count * size / bytes
      let sharding = Sharding(count: rows, nanoseconds: 2 + Double(bytes) / 10)
      // Vectors in space and the like, one after the other: copies of memory would cost more than they do.
      let isSmall = rows == indices.count && bytes <= 64 && bytes.isMultiple(of: 4)
      context.forEachShard(sharding) { _, range in
        if isSmall { return copySmallRows(range, source, indices, type, bytes / 4, to: target) }
        for row in range {
          let (outer, position) = row.quotientAndRemainder(dividingBy: indices.count)
          let index = indices.integer(at: position, type)
          let place = target.base + row * bytes
          if index < 0 {
            place.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
          } else {
            place.copyMemory(
              from: source.base + (outer * length + index) * bytes, byteCount: bytes)
          }
        }
      }
    }
  }

  public func deviceProgram(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> DeviceProgram? {
    .gather(
      inputs[0].elementType, indices: inputs[1].elementType,
      axis: try inputs[0].shape.axis(axis), allowsNegative: zeroesNegative)
  }

  /// The rows' gradients are added up where they came from; other dimensions change places first.
  public func gradients(of node: Node, outputGradients: [Value?]) throws -> [Value?] {
    let (x, indices, g) = (node.inputs[0], node.inputs[1], outputGradients[0]!)
    let axis = try x.shape.axis(axis)
    let places = Array(axis..<axis + indices.shape.rank)
    let others = (0..<g.shape.rank).filter { !places.contains($0) }
    let inner = others.map { g.shape[$0] }
    let rows = reshape(
      transpose(g, places + others), SymbolicShape([indices.shape.elementCount] + inner))
    let sums = unsortedSegmentSum(
      rows, reshape(indices, [indices.shape.elementCount]), segments: x.shape[axis])
    let back = (0..<x.shape.rank).map { $0 < axis ? $0 + 1 : $0 == axis ? 0 : $0 }
    return [transpose(sums, back), nil]
  }

  public static var samples: [OperationSample] {
    let cases: [(Shape, Shape, Int)] = [
      ([4], [3], 0), ([4, 2], [5], 0), ([3, 2, 2], [2, 2], 0), ([2, 3], [0], 0), ([3, 4], [5], 1),
      ([2, 3, 2], [2, 2], -2), ([2, 4], [], 1), ([2, 0], [3], 0),
    ]
    return cases.enumerated().map { number, sample in
      let (shape, picked, axis) = sample
      let resolved = axis < 0 ? axis + shape.rank : axis
      let indices = (0..<picked.elementCount).map { ($0 * 7 + 1) % shape[resolved] }
      let tensor =
        number.isMultiple(of: 2)
        ? Tensor(shape: picked, scalars: indices.map { Int32($0) })
        : Tensor(shape: picked, scalars: indices.map { Int64($0) })
      let sizes =
        shape.dimensions[..<resolved] + picked.dimensions
        + shape.dimensions[(resolved + 1)...]
      return OperationSample(GatherV2(axis: axis), [.random(shape), tensor]) { inputs in
        let moved = OperationSample.moving(NoOp(), inputs[0], to: Shape(Array(sizes))) { position in
          let place = position[resolved..<resolved + picked.rank]
          let index = zip(place, picked.strides).reduce(0) { $0 + $1.0 * $1.1 }
          return position[..<resolved] + [indices[index]] + position[(resolved + picked.rank)...]
        }
        return moved.reference(inputs)
      }
    }
  }
}

/// The rows of `x` that `indices`, whole numbers, name; the result's first dimensions are the
/// indices'. With another `axis`, these take that one's place.
public func gather(_ x: Value, _ indices: Value, axis: Int = 0, name: String? = nil) -> Value {
  x.graph.apply(GatherV2(axis: axis), x, indices, name: name)
}

/// Copies rows of a few words of four bytes; zeros for negative indices.
private func copySmallRows(
  _ range: Range<Int>, _ source: TensorView, _ indices: TensorView, _ type: ElementType,
  _ words: Int, to target: TensorView
) {
  let from = UnsafePointer(source.base.assumingMemoryBound(to: UInt32.self))
  let to = target.base.assumingMemoryBound(to: UInt32.self)
  if type == .int32 {
    copySmallRows(range, from, indices.elements(Int32.self), words, to: to)
  } else {
    copySmallRows(range, from, indices.elements(Int64.self), words, to: to)
  }
}

private func copySmallRows<Index: IndexElement>(
  _ range: Range<Int>, _ source: UnsafePointer<UInt32>, _ indices: UnsafePointer<Index>,
  _ words: Int, to target: UnsafeMutablePointer<UInt32>
) {
  for row in range {
    let index = Int(indices[row])
    let (place, line) = (target + row &* words, source + max(0, index) &* words)
    if index < 0 {
      place.update(repeating: 0, count: words)
    } else if words == 3 {
      place[0] = line[0]
      place[1] = line[1]
      place[2] = line[2]
    } else {
      for word in 0..<words { place[word] = line[word] }
    }
  }
}
