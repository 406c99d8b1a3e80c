import Tensors

/// Blocks made of two vectors: `blocks[p, c, g] = x[row(p), g] · y[p, c]`.
///
/// Inputs: x `[rows, width]`, y `[blocks, height]`, row starts `int32 [rows + 1]`. The derivative of
/// `BlockSparseProduct` with respect to the blocks.
public struct BlockSparseOuterProduct: Operation {
  public static let name = "BlockSparseOuterProduct"
  public static var tensorFlowForm: TensorFlowForm { .none }

  public init() {}
  public init(attributes: Attributes) {}

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 3)
    try expectSameType(Array(inputs[..<2]), among: .floats)
    try expectBlockSparse(rowStarts: inputs[2], x: inputs[0].shape, y: inputs[1].shape)
    let (x, y) = (inputs[0].shape, inputs[1].shape)
    return [TensorSpec(inputs[0].elementType, [y[0], y[1], x[1]])]
  }

  public func flops(inputs: [TensorSpec], outputs: [TensorSpec]) -> Dimension {
    outputs[0].shape.elementCount
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    try makeFloatKernel(inputs[0].elementType) {
      BlockSparseOuterProductKernel<Float>()
    } _: {
      BlockSparseOuterProductKernel<Double>()
    }
  }

  public func deviceProgram(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> DeviceProgram? {
    .blockSparseOuterProduct(inputs[0].elementType)
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (x, y, starts) = (node.inputs[0], node.inputs[1], node.inputs[2])
    let gradient = outputGradients[0]!
    return [
      blockSparseTransposedProduct(gradient, y, rowStarts: starts),
      blockSparseProduct(gradient, x, rowStarts: starts), nil,
    ]
  }

  public static var samples: [OperationSample] {
    BlockSparseCase.all.map { sizes in
      OperationSample(
        BlockSparseOuterProduct(), [sizes.x, sizes.y, sizes.rowStarts]
      ) { inputs in
        let shape: Shape = [sizes.blockCount, sizes.height, sizes.width]
        var blocks = Array(repeating: 0.0, count: shape.elementCount)
        sizes.forEachElement {
          blocks[$0.block] = inputs[0].doubles[$0.x] * inputs[1].doubles[$0.y]
        }
        return [Tensor(shape: shape, scalars: blocks)]
      }
    }
  }
}

/// `blocks[p, c, g] = x[row(p), g] · y[p, c]`, see `BlockSparseOuterProduct`.
public func blockSparseOuterProduct(_ x: Value, _ y: Value, rowStarts: Value) -> Value {
  x.graph.apply(BlockSparseOuterProduct(), x, y, rowStarts)
}

private final class BlockSparseOuterProductKernel<T: KernelFloat>: Kernel {
  private var sizes = BlockSparseSizes(rows: 0, blocks: 0, height: 0, width: 0)
  private var sharding = Sharding(count: 0, nanoseconds: 0)

  func prepare(_ shapes: KernelSizes) throws -> Int {
    let (x, y) = (shapes.inputs[0], shapes.inputs[1])
    sizes = BlockSparseSizes(rows: x[0], blocks: y[0], height: y[1], width: x[1])
    guard shapes.inputs[2][0] == sizes.rows + 1 else {
      throw GraphError("\(x) and row starts \(shapes.inputs[2]) do not fit")
    }
    sharding = sizes.sharding(of: T.self)
    return 0
  }

  @specialized(where T == Float)
  @specialized(where T == Double)
  func run(_ context: borrowing KernelContext) throws {
    try checkRowStarts(context.inputs[2], blocks: sizes.blocks)
    let x = UnsafePointer(context.inputs[0].elements(T.self))
    let y = UnsafePointer(context.inputs[1].elements(T.self))
    let starts = UnsafePointer(context.inputs[2].elements(Int32.self))
    let blocks = context.outputs[0].elements(T.self)
    let (height, width) = (sizes.height, sizes.width)
    context.forEachShard(sharding) { _, rows in
      for row in rows {
        for line in Int(starts[row]) * height..<Int(starts[row + 1]) * height {
          let target = blocks + line * width
          for column in 0..<width { target[column] = x[row * width + column] * y[line] }
        }
      }
    }
  }
}

/// A block-sparse matrix for samples, with empty rows among the others.
struct BlockSparseCase: Sendable {
  let runs: [Int]
  let height: Int
  let width: Int

  static let all = [
    BlockSparseCase(runs: [2, 0, 1], height: 3, width: 5),
    BlockSparseCase(runs: [1], height: 1, width: 1),
    BlockSparseCase(runs: [0, 0], height: 3, width: 4),
    BlockSparseCase(runs: [3, 1, 0, 2], height: 3, width: 41),
    BlockSparseCase(runs: [1, 2], height: 2, width: 24),
  ]

  var rows: Int { runs.count }
  var blockCount: Int { runs.reduce(0, +) }
  var blocks: Tensor { .random([blockCount, height, width], seed: 1) }
  var x: Tensor { .random([rows, width], seed: 2) }
  var y: Tensor { .random([blockCount, height], seed: 3) }
  var rowStarts: Tensor {
    Tensor(runs.reduce(into: [0]) { $0.append($0.last! + Int32($1)) })
  }

  /// Calls `body` with where each term of the trilinear form finds its factors.
  func forEachElement(_ body: ((block: Int, x: Int, y: Int)) -> Void) {
    let starts = rowStarts.scalars(as: Int32.self).map(Int.init)
    for row in 0..<rows {
      for block in starts[row]..<starts[row + 1] {
        for c in 0..<height {
          for g in 0..<width {
            body(((block * height + c) * width + g, row * width + g, block * height + c))
          }
        }
      }
    }
  }
}
