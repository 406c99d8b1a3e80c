import Tensors

/// Rows picked by their indices, or columns along another dimension. TensorFlow's `GatherV2` with the
/// axis as an attribute.
public struct GatherV2: Operation {
  public static let name = "GatherV2"

  package let axis: Int
  /// How many first dimensions the rows and their indices share.
  private let batchDims: Int
  /// Whether a negative index stands for zeros; it is an error otherwise.
  package let zeroesNegative: Bool

  /// - Parameters:
  ///   - axis: counted from the back where negative.
  ///   - batchDims: how many first dimensions the rows and their indices share, each place of them with indices of
  ///     its own; counted from the back of the indices where negative.
  public init(axis: Int = 0, batchDims: Int = 0) {
    (self.axis, self.batchDims, zeroesNegative) = (axis, batchDims, false)
  }

  /// - Parameters:
  ///   - zeroesNegative: whether a negative index stands for zeros, as the gradients of segments
  ///     need, which leave out rows with negative ids; it is an error otherwise, as in TensorFlow.
  package init(axis: Int = 0, zeroesNegative: Bool) {
    (self.axis, batchDims, self.zeroesNegative) = (axis, 0, zeroesNegative)
  }

  public init(attributes: Attributes) throws {
    axis = try attributes.int("axis", default: 0)
    batchDims = try attributes.int("batch_dims", default: 0)
    zeroesNegative = try attributes.bool("zeroes_negative", default: false)
    guard batchDims == 0 || !zeroesNegative else {
      throw GraphError("attribute batch_dims = \(batchDims); allowed with zeroes_negative: 0")
    }
  }

  public var attributes: Attributes {
    var attributes: Attributes = ["axis": .int(axis)]
    if batchDims != 0 { attributes["batch_dims"] = .int(batchDims) }
    if zeroesNegative { attributes["zeroes_negative"] = .bool(true) }
    return attributes
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
    let (batch, axis) = try places(inputs[0].shape, inputs[1].shape)
    let (sizes, picked) = (inputs[0].shape.dimensions, inputs[1].shape.dimensions)
    guard zip(sizes[..<batch], picked).allSatisfy({ $0.couldEqual($1) }) else {
      throw GraphError(
        "the shapes \(inputs[0].shape) and \(inputs[1].shape) differ in the first \(batch) sizes"
          + " (batch_dims)")
    }
    let shape = Array(sizes[..<axis]) + picked[batch...] + sizes[(axis + 1)...]
    return [TensorSpec(inputs[0].elementType, SymbolicShape(shape))]
  }

  /// How many dimensions are shared, and the axis, counted from the front.
  private func places(
    _ shape: SymbolicShape, _ indices: SymbolicShape
  ) throws -> (batch: Int, axis: Int) {
    let axis = try shape.axis(axis)
    let batch = batchDims < 0 ? batchDims + indices.rank : batchDims
    guard batch >= 0, batch <= min(axis, indices.rank) else {
      throw GraphError(
        "batch_dims = \(batchDims); allowed: 0 to \(min(axis, indices.rank)), with indices of shape \(indices) along"
          + " axis \(axis)")
    }
    return (batch, axis)
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    let (batch, axis) = try places(inputs[0].shape, inputs[1].shape)
    let (size, type) = (inputs[0].elementType.size, inputs[1].elementType)
    let zeroesNegative = zeroesNegative
    return FunctionKernel { context in
      let (source, indices, target) = (context.inputs[0], context.inputs[1], context.outputs[0])
      let length = source.dimensions[axis]
      try checkIndices(indices, type, below: length, allowsNegative: zeroesNegative)
      let bytes = source.count(from: axis + 1) * size
      guard indices.count > 0, target.count > 0 else { return }
      let rows = target.count * size / bytes
      // In every batch so many places before the axis, each with the same so many indices.
      let middle = (batch..<axis).reduce(1) { $0 * source.dimensions[$1] }
      let picked = indices.count(from: batch)
      let sharding = Sharding(count: rows, nanoseconds: 2 + Double(bytes) / 10)
      // Vectors in space and the like, one after the other: copies of memory would cost more than they do.
      let isSmall = batch == 0 && rows == indices.count && bytes <= 64 && bytes.isMultiple(of: 4)
      context.forEachShard(sharding) { _, range in
        if isSmall { return copySmallRows(range, source, indices, type, bytes / 4, to: target) }
        for row in range {
          let (outer, position) = row.quotientAndRemainder(dividingBy: picked)
          let index = indices.integer(at: outer / middle * picked + position, type)
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
    let (batch, axis) = try places(inputs[0].shape, inputs[1].shape)
    return .gather(
      inputs[0].elementType, indices: inputs[1].elementType, batch: batch, axis: axis,
      allowsNegative: zeroesNegative)
  }

  /// The rows' gradients are added up where they came from; other dimensions change places first.
  public func gradients(of node: Node, outputGradients: [Value?]) throws -> [Value?] {
    let (x, indices, g) = (node.inputs[0], node.inputs[1], outputGradients[0]!)
    let (batch, axis) = try places(x.shape, indices.shape)
    let first = Array(0..<batch)
    let places = Array(axis..<axis + indices.shape.rank - batch)
    let others = (batch..<g.shape.rank).filter { !places.contains($0) }
    let (shared, inner) = (first.map { x.shape[$0] }, others.map { g.shape[$0] })
    let batches = shared.reduce(1, *)
    let rows = reshape(
      transpose(g, first + places + others), SymbolicShape([indices.shape.elementCount] + inner))
    let ids = batch == 0 ? indices : Self.rowNumbers(indices, shared, x.shape[axis])
    let sums = unsortedSegmentSum(
      rows, reshape(ids, [indices.shape.elementCount]), segments: batches * x.shape[axis])
    let back = first + (batch..<x.shape.rank).map { $0 < axis ? $0 + 1 : $0 == axis ? batch : $0 }
    return [transpose(reshape(sums, SymbolicShape(shared + [x.shape[axis]] + inner)), back), nil]
  }

  /// The indices as those of the rows of all batches, one batch behind the other; out of range in its own batch one is
  /// an error here too.
  private static func rowNumbers(
    _ indices: Value, _ batches: [Dimension], _ length: Dimension
  ) -> Value {
    let numbers = indices.graph.range(to: batches.reduce(length, *), .int64)
    return gather(
      reshape(numbers, SymbolicShape(batches + [length])), indices, batchDims: batches.count)
  }

  public static var samples: [OperationSample] {
    let cases: [(Shape, Shape, Int, Int)] = [
      ([4], [3], 0, 0), ([4, 2], [5], 0, 0), ([3, 2, 2], [2, 2], 0, 0), ([2, 3], [0], 0, 0),
      ([3, 4], [5], 1, 0), ([2, 3, 2], [2, 2], -2, 0), ([2, 4], [], 1, 0), ([2, 0], [3], 0, 0),
      ([3, 4, 2], [3, 5], 1, 1), ([2, 3, 4], [2, 2], 2, 1), ([2, 2, 3, 2, 3], [2, 2, 4], -2, -1),
      ([3, 4], [3], 1, 1), ([2, 3], [2, 0, 2], 1, 1), ([0, 3], [0, 2], 1, 1),
    ]
    return cases.enumerated().map { number, sample in
      let (shape, picked, axis, batchDims) = sample
      let batch = batchDims < 0 ? batchDims + picked.rank : batchDims
      let resolved = axis < 0 ? axis + shape.rank : axis
      let indices = (0..<picked.elementCount).map { ($0 * 7 + 1) % shape[resolved] }
      let tensor =
        number.isMultiple(of: 2)
        ? Tensor(shape: picked, scalars: indices.map { Int32($0) })
        : Tensor(shape: picked, scalars: indices.map { Int64($0) })
      let sizes =
        shape.dimensions[..<resolved] + picked.dimensions[batch...]
        + shape.dimensions[(resolved + 1)...]
      let operation = GatherV2(axis: axis, batchDims: batchDims)
      return OperationSample(operation, [.random(shape), tensor]) { inputs in
        let moved = OperationSample.moving(NoOp(), inputs[0], to: Shape(Array(sizes))) { position in
          let end = resolved + picked.rank - batch
          let place = position[..<batch] + position[resolved..<end]
          let index = zip(place, picked.strides).reduce(0) { $0 + $1.0 * $1.1 }
          return position[..<resolved] + [indices[index]] + position[end...]
        }
        return moved.reference(inputs)
      }
    }
  }
}

/// The rows of `x` that `indices`, whole numbers, name; the result's first dimensions are the
/// indices'. With another `axis`, these take that one's place.
///
/// - Parameters:
///   - axis: `batchDims` unless given.
///   - batchDims: how many first dimensions both share, each place of them with indices of its own.
public func gather(
  _ x: Value, _ indices: Value, axis: Int? = nil, batchDims: Int = 0, name: String? = nil
) -> Value {
  let batch = batchDims < 0 ? batchDims + indices.shape.rank : batchDims
  return x.graph.apply(
    GatherV2(axis: axis ?? batch, batchDims: batchDims), x, indices, name: name)
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
