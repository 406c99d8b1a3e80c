import Tensors

/// Places in a tensor given by the last dimension of a tensor of indices.
struct TupleIndices {
  let type: ElementType
  /// How many indices make up a place, and how far apart neighbours along each dimension are.
  private var sizes: [Int] = []
  private var strides: [Int] = []
  /// Elements at a place.
  private(set) var inner = 0
  /// How many places there are.
  private(set) var count = 0

  init(_ type: ElementType) { self.type = type }

  /// - Throws: `GraphError` where there are more indices than dimensions.
  init(_ type: ElementType, indices: Shape, in whole: Shape) throws {
    self.type = type
    let depth = indices.dimensions.last ?? 1
    guard depth <= whole.rank else {
      throw GraphError("\(depth) indices for the \(whole.rank) dimensions of \(whole)")
    }
    sizes = Array(whole.dimensions.prefix(depth))
    strides = Array(whole.strides.prefix(depth))
    inner = whole.dimensions.dropFirst(depth).reduce(1, *)
    count = indices.dimensions.dropLast().reduce(1, *)
  }

  /// - Throws: `GraphError` with the first place that is not in the tensor.
  func check(_ indices: TensorView) throws {
    for row in 0..<count {
      for axis in sizes.indices {
        let index = indices.integer(at: row * sizes.count + axis, type)
        guard index >= 0 && index < sizes[axis] else {
          throw GraphError(
            "index \(index) at position [\(row), \(axis)] is outside 0..<\(sizes[axis])")
        }
      }
    }
  }

  /// The first element of a place.
  func offset(_ row: Int, _ indices: TensorView) -> Int {
    var offset = 0
    for axis in sizes.indices {
      offset += indices.integer(at: row * sizes.count + axis, type) * strides[axis]
    }
    return offset
  }

  /// The shape of the indices without their last dimension, and the rest of the tensor's.
  static func shapes(
    _ indices: SymbolicShape, in whole: SymbolicShape
  ) throws -> SymbolicShape {
    guard let depth = indices.dimensions.last?.known else {
      throw GraphError("the last size of the indices \(indices) must be known")
    }
    guard depth <= whole.rank else {
      throw GraphError("\(depth) indices for the \(whole.rank) dimensions of \(whole)")
    }
    return SymbolicShape(indices.dimensions.dropLast() + whole.dimensions.dropFirst(depth))
  }
}

/// Copies the elements at places.
final class GatherNdKernel: Kernel {
  private var places: TupleIndices
  private let elementSize: Int

  init(_ type: ElementType, _ indexType: ElementType) {
    places = TupleIndices(indexType)
    elementSize = type.size
  }

  func prepare(_ sizes: KernelSizes) throws -> Int {
    places = try TupleIndices(places.type, indices: sizes.inputs[1], in: sizes.inputs[0])
    return 0
  }

  func run(_ context: borrowing KernelContext) throws {
    let (source, indices, target) = (context.inputs[0], context.inputs[1], context.outputs[0])
    try places.check(indices)
    let bytes = places.inner * elementSize
    let sharding = Sharding(count: places.count, nanoseconds: 5 + Double(bytes) / 10)
    context.forEachShard(sharding) { _, range in
      for row in range {
        (target.base + row * bytes).copyMemory(
          from: source.base + places.offset(row, indices) * elementSize, byteCount: bytes)
      }
    }
  }
}

/// Adds elements up at places.
final class ScatterNdKernel<T: KernelNumber>: Kernel {
  private var places: TupleIndices

  init(_ indexType: ElementType) { places = TupleIndices(indexType) }

  func prepare(_ sizes: KernelSizes) throws -> Int {
    places = try TupleIndices(places.type, indices: sizes.inputs[0], in: sizes.outputs[0])
    return 0
  }

  @specialized(where T == Float)
  @specialized(where T == Double)
  @specialized(where T == Int32)
  @specialized(where T == Int64)
  func run(_ context: borrowing KernelContext) throws {
    let (indices, output) = (context.inputs[0], context.outputs[0].elements(T.self))
    try places.check(indices)
    let source = UnsafePointer(context.inputs[1].elements(T.self))
    output.update(repeating: 0, count: context.outputs[0].count)
    for row in 0..<places.count {
      let target = output + places.offset(row, indices)
      BinaryFunction.add.apply(target, source + row * places.inner, target, places.inner)
    }
  }
}
