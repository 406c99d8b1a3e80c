import Tensors

/// Sums over a row's blocks: `x[i, g] = Σ_{p in row i} Σ_c blocks[p, c, g] · y[p, c]`.
///
/// Inputs: blocks `[blocks, height, width]`, y `[blocks, height]`, row starts `int32 [rows + 1]`.
/// Blocks may be in half precision as there.
/// The transpose of `BlockSparseProduct`: it carries the gradient of a loss on forces back to dE/dG.
public struct BlockSparseTransposedProduct: Operation {
  public static let name = "BlockSparseTransposedProduct"
  public static var tensorFlowForm: TensorFlowForm { .none }

  public init() {}
  public init(attributes: Attributes) {}

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 3)
    try expectBlockTypes(inputs[0], inputs[1])
    try expectBlockSparse(rowStarts: inputs[2], blocks: inputs[0].shape, y: inputs[1].shape)
    let rows = inputs[2].shape[0] - 1
    return [TensorSpec(inputs[1].elementType, [rows, inputs[0].shape[2]])]
  }

  public func flops(inputs: [TensorSpec], outputs: [TensorSpec]) -> Dimension {
    inputs[0].shape.elementCount * 2
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    try makeBlockKernel(inputs[0].elementType) {
      BlockSparseTransposedProductKernel<Float>()
    } _: {
      BlockSparseTransposedProductKernel<Double>()
    } _: {
      BlockSparseTransposedProductKernel<Float16>()
    }
  }

  public func deviceProgram(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> DeviceProgram? {
    .blockSparseTransposedProduct(inputs[0].elementType)
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (blocks, y, starts) = (node.inputs[0], node.inputs[1], node.inputs[2])
    let gradient = outputGradients[0]!
    return [
      // What is stored in half precision is given.
      blocks.elementType == .float16
        ? nil : blockSparseOuterProduct(gradient, y, rowStarts: starts),
      blockSparseProduct(blocks, gradient, rowStarts: starts), nil,
    ]
  }

  public static var samples: [OperationSample] {
    BlockSparseCase.all.map { sizes in
      OperationSample(
        BlockSparseTransposedProduct(), [sizes.blocks, sizes.y, sizes.rowStarts]
      ) { inputs in
        var x = Array(repeating: 0.0, count: sizes.rows * sizes.width)
        sizes.forEachElement { x[$0.x] += inputs[0].doubles[$0.block] * inputs[1].doubles[$0.y] }
        return [Tensor(shape: [sizes.rows, sizes.width], scalars: x)]
      }
    }
  }
}

/// `x[i, g] = Σ_{p in row i} Σ_c blocks[p, c, g] · y[p, c]`, see `BlockSparseTransposedProduct`.
public func blockSparseTransposedProduct(_ blocks: Value, _ y: Value, rowStarts: Value) -> Value {
  y.graph.apply(BlockSparseTransposedProduct(), blocks, y, rowStarts)
}

private final class BlockSparseTransposedProductKernel<T: BlockElement>: Kernel {
  private var sizes = BlockSparseSizes(rows: 0, blocks: 0, height: 0, width: 0)
  private var sharding = Sharding(count: 0, nanoseconds: 0)

  func prepare(_ shapes: KernelSizes) throws -> Int {
    let blocks = shapes.inputs[0]
    sizes = BlockSparseSizes(
      rows: shapes.outputs[0][0], blocks: blocks[0], height: blocks[1], width: blocks[2])
    guard shapes.inputs[1] == [blocks[0], blocks[1]], shapes.inputs[2][0] == sizes.rows + 1 else {
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
    let y = UnsafePointer(context.inputs[1].elements(T.Computed.self))
    let starts = UnsafePointer(context.inputs[2].elements(Int32.self))
    let x = context.outputs[0].elements(T.Computed.self)
    let (height, width) = (sizes.height, sizes.width)
    context.forEachShard(sharding) { _, rows in
      for row in rows {
        let lines = Int(starts[row]) * height..<Int(starts[row + 1]) * height
        weightedSum(
          of: blocks + lines.lowerBound * width, y + lines.lowerBound, lines.count, width,
          into: x + row * width)
      }
    }
  }
}

/// target[g] = Σ_l weights[l] · lines[l, g]
private func weightedSum<T: BlockElement>(
  of lines: UnsafePointer<T>, _ weights: UnsafePointer<T.Computed>, _ count: Int, _ width: Int,
  into target: UnsafeMutablePointer<T.Computed>
) {
  typealias Vector = SIMD8<T.Computed>
  // Sums stay in registers while the lines of a stripe stream by; some vectors hide the latency, and
  // wide stripes read memory in order.
  var column = 0
  while column &+ 48 <= width {
    var sums = (Vector(), Vector(), Vector(), Vector(), Vector(), Vector())
    for line in 0..<count {
      let (start, weight) = (lines + (line &* width &+ column), weights[line])
      sums.0 += T.vector(start, at: 0) * weight
      sums.1 += T.vector(start, at: 8) * weight
      sums.2 += T.vector(start, at: 16) * weight
      sums.3 += T.vector(start, at: 24) * weight
      sums.4 += T.vector(start, at: 32) * weight
      sums.5 += T.vector(start, at: 40) * weight
    }
    store(sums.0, target + column)
    store(sums.1, target + column + 8)
    store(sums.2, target + column + 16)
    store(sums.3, target + column + 24)
    store(sums.4, target + column + 32)
    store(sums.5, target + column + 40)
    column &+= 48
  }
  while column &+ 32 <= width {
    var sums = (Vector(), Vector(), Vector(), Vector())
    for line in 0..<count {
      let (start, weight) = (lines + (line &* width &+ column), weights[line])
      sums.0 += T.vector(start, at: 0) * weight
      sums.1 += T.vector(start, at: 8) * weight
      sums.2 += T.vector(start, at: 16) * weight
      sums.3 += T.vector(start, at: 24) * weight
    }
    store(sums.0, target + column)
    store(sums.1, target + column + 8)
    store(sums.2, target + column + 16)
    store(sums.3, target + column + 24)
    column &+= 32
  }
  while column &+ 8 <= width {
    var sum = Vector()
    for line in 0..<count { sum += T.vector(lines + line &* width, at: column) * weights[line] }
    store(sum, target + column)
    column &+= 8
  }
  while column < width {
    var sum: T.Computed = 0
    for line in 0..<count { sum += lines[line * width + column].computed * weights[line] }
    target[column] = sum
    column &+= 1
  }
}

@inline(__always)
private func store<T: KernelFloat>(_ vector: SIMD8<T>, _ target: UnsafeMutablePointer<T>) {
  UnsafeMutableRawPointer(target).storeBytes(of: vector, as: SIMD8<T>.self)
}
