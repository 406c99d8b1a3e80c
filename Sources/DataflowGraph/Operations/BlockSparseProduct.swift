import Tensors

/// Products of blocks with the vector of their row: `y[p, c] = Σ_g blocks[p, c, g] · x[row(p), g]`.
///
/// Inputs: blocks `[blocks, height, width]`, x `[rows, width]`, row starts `int32 [rows + 1]`.
/// With the derivatives of descriptors as blocks and dE/dG as x this is what each neighbour adds to
/// the forces (equation 17).
public struct BlockSparseProduct: Operation {
  public static let name = "BlockSparseProduct"
  public static var tensorFlowForm: TensorFlowForm { .none }

  public init() {}
  public init(attributes: Attributes) {}

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 3)
    try expectSameType(Array(inputs[..<2]), among: .floats)
    try expectBlockSparse(rowStarts: inputs[2], blocks: inputs[0].shape, x: inputs[1].shape)
    return [TensorSpec(inputs[0].elementType, [inputs[0].shape[0], inputs[0].shape[1]])]
  }

  public func flops(inputs: [TensorSpec], outputs: [TensorSpec]) -> Dimension {
    inputs[0].shape.elementCount * 2
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    try makeFloatKernel(inputs[0].elementType) {
      BlockSparseProductKernel<Float>()
    } _: {
      BlockSparseProductKernel<Double>()
    }
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (blocks, x, starts) = (node.inputs[0], node.inputs[1], node.inputs[2])
    let gradient = outputGradients[0]!
    return [
      blockSparseOuterProduct(x, gradient, rowStarts: starts),
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

private final class BlockSparseProductKernel<T: KernelFloat>: Kernel {
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
  func run(_ context: borrowing KernelContext) throws {
    try checkRowStarts(context.inputs[2], blocks: sizes.blocks)
    let blocks = UnsafePointer(context.inputs[0].elements(T.self))
    let x = UnsafePointer(context.inputs[1].elements(T.self))
    let starts = UnsafePointer(context.inputs[2].elements(Int32.self))
    let y = context.outputs[0].elements(T.self)
    let (height, width) = (sizes.height, sizes.width)
    context.forEachShard(sharding) { _, rows in
      for row in rows {
        let vector = x + row * width
        for index in Int(starts[row]) * height..<Int(starts[row + 1]) * height {
          y[index] = dotProduct(blocks + index * width, vector, width)
        }
      }
    }
  }
}

/// The scalar product of two vectors, summed in an order that depends on their length alone.
func dotProduct<T: KernelFloat>(_ a: UnsafePointer<T>, _ b: UnsafePointer<T>, _ count: Int) -> T {
  var first = SIMD8<T>(repeating: 0)
  var second = SIMD8<T>(repeating: 0)
  var index = 0
  while index &+ 16 <= count {
    first += a.vector(at: index) * b.vector(at: index)
    second += a.vector(at: index &+ 8) * b.vector(at: index &+ 8)
    index &+= 16
  }
  if index &+ 8 <= count {
    first += a.vector(at: index) * b.vector(at: index)
    index &+= 8
  }
  var total = (first + second).sum()
  while index < count {
    total += a[index] * b[index]
    index &+= 1
  }
  return total
}

extension UnsafePointer where Pointee: KernelFloat {
  @inline(__always)
  func vector(at index: Int) -> SIMD8<Pointee> {
    UnsafeRawPointer(self + index).loadUnaligned(as: SIMD8<Pointee>.self)
  }
}
