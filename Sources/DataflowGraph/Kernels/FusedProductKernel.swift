import Tensors

/// A product of matrices, some rows at a time, and functions of them while they are in the cache.
final class FusedProductKernel<T: MatrixElement>: Kernel {
  private let product: MatMulKernel<T>
  /// Of the product and the inputs behind the factors; nil where the product itself is the output.
  private let first: ElementwiseKernel<T>?
  /// Of the first output.
  private let second: ElementwiseKernel<T>?
  private let others: Int
  /// The estimated cost of one element's functions.
  private let nanoseconds: Double
  private let bytesPerShard: Int
  /// How many rows of the product are computed before their functions are.
  private var rows = 0
  /// For functions of a product that is known as a whole only.
  private var sharding = Sharding(count: 0, nanoseconds: 0)
  private var productBytes = 0

  /// What a nearest but one cache has room for beside the factors.
  private static var bytesPerBlock: Int { 1 << 18 }

  /// - Parameter types: of the product and of the inputs behind the factors.
  init(
    _ product: MatMul, _ expression: ScalarExpression, _ activation: ScalarExpression?,
    _ types: [ElementType]
  ) {
    self.product = MatMulKernel(transposeA: product.transposeA, transposeB: product.transposeB)
    let type = types[0]
    first =
      expression == .input(0)
      ? nil : ElementwiseKernel(expression, inputTypes: types, outputType: type)
    second = activation.map { ElementwiseKernel($0, inputTypes: [type], outputType: type) }
    others = types.count - 1
    nanoseconds = (first?.nanoseconds ?? 0) + (second?.nanoseconds ?? 0)
    bytesPerShard = max(first?.bytesPerShard ?? 0, second?.bytesPerShard ?? 0)
  }

  @specialized(where T == Float)
  @specialized(where T == Double)
  func prepare(_ sizes: KernelSizes) throws -> Int {
    productBytes = try product.prepare(sizes).roundedUp(toMultipleOf: AlignedStorage.alignment)
    let output = sizes.outputs[0]
    try first?.follow(0, input: output, output: output)
    for other in 0..<others {
      try first?.follow(1 + other, input: sizes.inputs[2 + other], output: output)
    }
    try second?.follow(0, input: output, output: output)
    sharding = Sharding(count: output.elementCount, nanoseconds: nanoseconds)
    rows = max(Self.bytesPerBlock / max(1, product.columns * MemoryLayout<T>.stride), 64)
    let shards = product.isWhole ? sharding.shards : product.sharding.shards
    return productBytes + bytesPerShard * shards
  }

  @specialized(where T == Float)
  @specialized(where T == Double)
  func run(_ context: borrowing KernelContext) {
    let (outputs, columns) = (context.outputs, product.columns)
    guard outputs[0].count > 0 else { return }
    let scratch = context.workspace + productBytes
    withUnsafeTemporaryAllocation(of: TensorView.self, capacity: 1 + others) { inputs in
      let inputs = inputs.baseAddress!
      inputs.initialize(to: outputs[0])
      (inputs + 1).initialize(from: context.inputs + 2, count: others)
      if product.isWhole {
        product.run(context)
        context.forEachShard(sharding) { shard, elements in
          compute(elements, UnsafePointer(inputs), outputs, scratch + shard * bytesPerShard)
        }
        return
      }
      let a = UnsafePointer(context.inputs[0].elements(T.self))
      let b = product.right(context)
      let target = outputs[0].elements(T.self)
      context.forEachShard(product.sharding) { shard, range in
        let blocks = Sharding(count: range.count, shards: max(1, range.count / rows))
        for number in 0..<blocks.shards {
          let own = blocks[number]
          let block = range.lowerBound + own.lowerBound..<range.lowerBound + own.upperBound
          product.multiplyRows(a, b, block, into: target)
          compute(
            block.lowerBound * columns..<block.upperBound * columns, UnsafePointer(inputs), outputs,
            scratch + shard * bytesPerShard)
        }
      }
    }
  }

  private func compute(
    _ elements: Range<Int>, _ inputs: UnsafePointer<TensorView>,
    _ outputs: UnsafePointer<TensorView>, _ scratch: UnsafeMutableRawPointer
  ) {
    first?.run(elements, inputs, outputs[0], scratch)
    second?.run(elements, outputs, outputs[1], scratch)
  }
}
