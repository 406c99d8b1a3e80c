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
  // Three lines share the vector's registers: the three directions of a block.
  var line = 0
  while line &+ 3 <= count {
    let first = lines + line &* width
    let (second, third) = (first + width, first + 2 &* width)
    var sums = (SIMD8<T.Computed>(), SIMD8<T.Computed>(), SIMD8<T.Computed>())
    var index = 0
    while index &+ 8 <= width {
      let x = vector.vector(at: index)
      sums.0 += T.vector(first, at: index) * x
      sums.1 += T.vector(second, at: index) * x
      sums.2 += T.vector(third, at: index) * x
      index &+= 8
    }
    var totals = (total(sums.0), total(sums.1), total(sums.2))
    while index < width {
      let x = vector[index]
      totals.0 += first[index].computed * x
      totals.1 += second[index].computed * x
      totals.2 += third[index].computed * x
      index &+= 1
    }
    target[line] = totals.0
    target[line &+ 1] = totals.1
    target[line &+ 2] = totals.2
    line &+= 3
  }
  while line < count {
    let first = lines + line &* width
    var sum = SIMD8<T.Computed>()
    var index = 0
    while index &+ 8 <= width {
      sum += T.vector(first, at: index) * vector.vector(at: index)
      index &+= 8
    }
    var result = total(sum)
    while index < width {
      result += first[index].computed * vector[index]
      index &+= 1
    }
    target[line] = result
    line &+= 1
  }
}

/// The sum of all lanes by halves, which processors do faster than one lane after the other.
@inline(__always)
private func total<T: KernelFloat>(_ v: SIMD8<T>) -> T {
  let four = v.lowHalf + v.highHalf
  let two = four.lowHalf + four.highHalf
  return two.x + two.y
}
