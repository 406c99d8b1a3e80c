import Tensors

/// Products of blocks with the vector of their row: `y[p, c] = Σ_g blocks[p, c, g] · x[row(p), g]`.
///
/// Inputs: blocks `[blocks, height, width]`, x `[rows, width]`, row starts `int32 [rows + 1]`.
/// With the derivatives of descriptors as blocks and dE/dG as x this is what each neighbour adds to
/// the forces (equation 17). Blocks may be in half precision, with x and y in single precision; they have no gradient then.
public struct BlockSparseProduct: Operation {
  public static let name = "BlockSparseProduct"
  public static var tensorFlowForm: TensorFlowForm { .none }

  public init() {}
  public init(attributes: Attributes) {}

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 3)
    try expectBlockTypes(inputs[0], inputs[1])
    try expectBlockSparse(rowStarts: inputs[2], blocks: inputs[0].shape, x: inputs[1].shape)
    return [TensorSpec(inputs[1].elementType, [inputs[0].shape[0], inputs[0].shape[1]])]
  }

  public func flops(inputs: [TensorSpec], outputs: [TensorSpec]) -> Dimension {
    inputs[0].shape.elementCount * 2
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    try makeBlockKernel(inputs[0].elementType) {
      BlockSparseProductKernel<Float>()
    } _: {
      BlockSparseProductKernel<Double>()
    } _: {
      BlockSparseProductKernel<Float16>()
    }
  }

  public func deviceProgram(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> DeviceProgram? {
    .blockSparseProduct(inputs[0].elementType)
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (blocks, x, starts) = (node.inputs[0], node.inputs[1], node.inputs[2])
    let gradient = outputGradients[0]!
    return [
      // What is stored in half precision is given.
      blocks.elementType == .float16
        ? nil : blockSparseOuterProduct(x, gradient, rowStarts: starts),
      blockSparseTransposedProduct(blocks, gradient, rowStarts: starts), nil,
    ]
  }

  public static var samples: [OperationSample] {
    BlockSparseCase.all.map { sizes in
      OperationSample(BlockSparseProduct(), [sizes.blocks, sizes.x, sizes.rowStarts]) { inputs in
        var y = Array(repeating: 0.0, count: sizes.blockCount * sizes.height)
        sizes.forEachElement { y[$0.y] += inputs[0].doubles[$0.block] * inputs[1].doubles[$0.x] }
        return [Tensor(shape: [sizes.blockCount, sizes.height], scalars: y)]
      }
    }
  }
}

/// `y[p, c] = Σ_g blocks[p, c, g] · x[row(p), g]`, see `BlockSparseProduct`.
public func blockSparseProduct(_ blocks: Value, _ x: Value, rowStarts: Value) -> Value {
  x.graph.apply(BlockSparseProduct(), blocks, x, rowStarts)
}

private final class BlockSparseProductKernel<T: BlockElement>: Kernel {
  private var sizes = BlockSparseSizes(rows: 0, blocks: 0, height: 0, width: 0)
  private var sharding = Sharding(count: 0, nanoseconds: 0)

  func prepare(_ shapes: KernelSizes) throws -> Int {
    let blocks = shapes.inputs[0]
    sizes = BlockSparseSizes(
      rows: shapes.inputs[1][0], blocks: blocks[0], height: blocks[1], width: blocks[2])
    guard shapes.inputs[1][1] == sizes.width, shapes.inputs[2][0] == sizes.rows + 1 else {
      throw GraphError("\(blocks), \(shapes.inputs[1]) and \(shapes.inputs[2]) do not fit")
    }
    sharding = sizes.sharding(of: T.self)
    return 0
  }

  @specialized(where T == Float)
  @specialized(where T == Double)
  @specialized(where T == Float16)
  func run(_ context: borrowing KernelContext) throws {
    try checkRowStarts(context.inputs[2], blocks: sizes.blocks)
    let blocks = UnsafePointer(context.inputs[0].elements(T.self))
    let x = UnsafePointer(context.inputs[1].elements(T.Computed.self))
    let starts = UnsafePointer(context.inputs[2].elements(Int32.self))
    let y = context.outputs[0].elements(T.Computed.self)
    let (height, width) = (sizes.height, sizes.width)
    context.forEachShard(sharding) { _, rows in
      for row in rows {
        let lines = Int(starts[row]) * height..<Int(starts[row + 1]) * height
        dotProducts(
          of: blocks + lines.lowerBound * width, x + row * width, lines.count, width,
          into: y + lines.lowerBound)
      }
    }
  }
}

/// target[l] = Σ_g lines[l, g] · vector[g], summed in an order that depends on the length alone.
private func dotProducts<T: BlockElement>(
  of lines: UnsafePointer<T>, _ vector: UnsafePointer<T.Computed>, _ count: Int, _ width: Int,
  into target: UnsafeMutablePointer<T.Computed>
) {
  // Four lines share the vector's registers, and the work of adding up their lanes.
  var line = 0
  while line &+ 4 <= count {
    let first = lines + line &* width
    let (second, third, fourth) = (first + width, first + 2 &* width, first + 3 &* width)
    var sums = (
      SIMD8<T.Computed>(), SIMD8<T.Computed>(), SIMD8<T.Computed>(), SIMD8<T.Computed>()
    )
    var index = 0
    while index &+ 8 <= width {
      let x = vector.vector(at: index)
      sums.0 += T.vector(first, at: index) * x
      sums.1 += T.vector(second, at: index) * x
      sums.2 += T.vector(third, at: index) * x
      sums.3 += T.vector(fourth, at: index) * x
      index &+= 8
    }
    var all = totals(sums.0, sums.1, sums.2, sums.3)
    while index < width {
      all +=
        SIMD4(
          first[index].computed, second[index].computed, third[index].computed,
          fourth[index].computed) * vector[index]
      index &+= 1
    }
    UnsafeMutableRawPointer(target + line).storeBytes(of: all, as: SIMD4<T.Computed>.self)
    line &+= 4
    // The last four may be partly those before: one line alone takes as long.
    if line < count { line = min(line, count &- 4) }
  }
  while line < count {
    let first = lines + line &* width
    var sum = SIMD8<T.Computed>()
    var index = 0
    while index &+ 8 <= width {
      sum += T.vector(first, at: index) * vector.vector(at: index)
      index &+= 8
    }
    var result = totals(sum, sum, sum, sum)[0]
    while index < width {
      result += first[index].computed * vector[index]
      index &+= 1
    }
    target[line] = result
    line &+= 1
  }
}

/// The sums of four vectors' lanes, by halves.
@inline(__always)
private func totals<T: KernelFloat>(
  _ a: SIMD8<T>, _ b: SIMD8<T>, _ c: SIMD8<T>, _ d: SIMD8<T>
) -> SIMD4<T> {
  let (a, b, c, d) = (halves(a), halves(b), halves(c), halves(d))
  let first = SIMD4(a.x, a.y, b.x, b.y) + SIMD4(a.z, a.w, b.z, b.w)
  let second = SIMD4(c.x, c.y, d.x, d.y) + SIMD4(c.z, c.w, d.z, d.w)
  return SIMD4(first.x, first.z, second.x, second.z) + SIMD4(first.y, first.w, second.y, second.w)
}

/// Taken apart lane by lane, as `lowHalf` is, the compiler would put lanes of several sums together.
@inline(__always)
private func halves<T: KernelFloat>(_ v: SIMD8<T>) -> SIMD4<T> {
  let halves = unsafeBitCast(v, to: (SIMD4<T>, SIMD4<T>).self)
  return halves.0 + halves.1
}
