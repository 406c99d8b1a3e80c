import Tensors

/// Products of the matrices in the last two dimensions; the others broadcast. TensorFlow's
/// `BatchMatMulV2`.
public struct BatchMatMulV2: Operation {
  public static let name = "BatchMatMulV2"

  let transposeA: Bool
  let transposeB: Bool

  public init(transposeA: Bool = false, transposeB: Bool = false) {
    self.transposeA = transposeA
    self.transposeB = transposeB
  }

  public init(attributes: Attributes) throws {
    self.init(
      transposeA: try attributes.bool("adj_x", default: false),
      transposeB: try attributes.bool("adj_y", default: false))
  }

  public var attributes: Attributes { ["adj_x": .bool(transposeA), "adj_y": .bool(transposeB)] }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 2)
    try expectSameType(inputs, among: .floats)
    let (a, b) = (inputs[0].shape, inputs[1].shape)
    guard a.rank >= 2, b.rank >= 2 else {
      throw GraphError("the shapes are \(a) and \(b), expected rank 2 or more")
    }
    let (innerA, innerB) = (
      a[a.rank - (transposeA ? 2 : 1)], b[b.rank - (transposeB ? 1 : 2)]
    )
    guard innerA.couldEqual(innerB) else {
      throw GraphError(
        "the inner sizes differ: \(innerA) and \(innerB)"
          + " (adj_x: \(transposeA), adj_y: \(transposeB))")
    }
    var shape = try batch(a).broadcast(with: batch(b))
    shape.dimensions += [
      a[a.rank - (transposeA ? 1 : 2)], b[b.rank - (transposeB ? 2 : 1)],
    ]
    return [TensorSpec(inputs[0].elementType, shape)]
  }

  private func batch(_ shape: SymbolicShape) -> SymbolicShape {
    SymbolicShape(shape.dimensions.dropLast(2))
  }

  public func flops(inputs: [TensorSpec], outputs: [TensorSpec]) -> Dimension {
    let shape = inputs[0].shape
    return outputs[0].shape.elementCount * shape[shape.rank - (transposeA ? 2 : 1)] * 2
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    try makeFloatKernel(inputs[0].elementType) {
      BatchMatMulKernel<Float>(transposeA: transposeA, transposeB: transposeB)
    } _: {
      BatchMatMulKernel<Double>(transposeA: transposeA, transposeB: transposeB)
    }
  }

  public func deviceProgram(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> DeviceProgram? {
    .batchMatMul(
      inputs[0].elementType, transposeA: transposeA, transposeB: transposeB,
      dimensions: outputs[0].shape.rank - 2)
  }

  /// The walker that undoes broadcasting sums over the repeated matrices.
  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (a, b, g) = (node.inputs[0], node.inputs[1], outputGradients[0]!)
    let left =
      transposeA
      ? batchMatMul(b, g, transposeA: transposeB, transposeB: true)
      : batchMatMul(g, b, transposeB: !transposeB)
    let right =
      transposeB
      ? batchMatMul(g, a, transposeA: true, transposeB: transposeA)
      : batchMatMul(a, g, transposeA: !transposeA)
    return [left, right]
  }

  public static var samples: [OperationSample] {
    let batches: [(Shape, Shape, Shape)] = [
      ([], [], []), ([3], [3], [3]), ([2, 3], [3], [2, 3]), ([2, 1], [1, 3], [2, 3]),
      ([0], [0], [0]),
    ]
    return batches.flatMap { left, right, result in
      [(false, false), (false, true), (true, false), (true, true)].map { transposeA, transposeB in
        sample(left, right, result, transposeA, transposeB, (3, 4, 2))
      }
    } + [sample([40], [], [40], false, false, (20, 30, 10))]
  }

  private static func sample(
    _ left: Shape, _ right: Shape, _ result: Shape, _ transposeA: Bool, _ transposeB: Bool,
    _ sizes: (rows: Int, inner: Int, columns: Int)
  ) -> OperationSample {
    let (rows, inner, columns) = sizes
    let a = Shape(left.dimensions + (transposeA ? [inner, rows] : [rows, inner]))
    let b = Shape(right.dimensions + (transposeB ? [columns, inner] : [inner, columns]))
    let whole = Shape(result.dimensions + [rows, columns])
    return OperationSample(
      BatchMatMulV2(transposeA: transposeA, transposeB: transposeB),
      [.random(a, seed: 1), .random(b, seed: 2)],
      differentiable: a.elementCount > 1000 ? [] : nil
    ) { inputs in
      let x = OperationSample.repeated(
        inputs[0], to: Shape(result.dimensions + a.dimensions.suffix(2)))
      let y = OperationSample.repeated(
        inputs[1], to: Shape(result.dimensions + b.dimensions.suffix(2)))
      let (p, q) = (x.doubles, y.doubles)
      let elements = whole.positions.enumerated().map { index, position in
        let product = index / (rows * columns)
        let (row, column) = (position[position.count - 2], position[position.count - 1])
        return (0..<inner).reduce(0.0) { sum, k in
          let left = transposeA ? k * rows + row : row * inner + k
          let right = transposeB ? column * inner + k : k * columns + column
          return sum + p[product * rows * inner + left] * q[product * inner * columns + right]
        }
      }
      return [Tensor(shape: whole, scalars: elements)]
    }
  }
}

/// The products of the matrices in the last two dimensions of `a` and `b`, each transposed first where
/// asked for; the other dimensions broadcast.
public func batchMatMul(
  _ a: Value, _ b: Value, transposeA: Bool = false, transposeB: Bool = false, name: String? = nil
) -> Value {
  a.graph.apply(BatchMatMulV2(transposeA: transposeA, transposeB: transposeB), a, b, name: name)
}

private final class BatchMatMulKernel<T: MatrixElement>: Kernel {
  private let transposeA: Bool
  private let transposeB: Bool
  private var product = BatchedProduct(rows: 0, inner: 0, columns: 0, startsA: [], startsB: [])

  init(transposeA: Bool, transposeB: Bool) {
    self.transposeA = transposeA
    self.transposeB = transposeB
  }

  func prepare(_ sizes: KernelSizes) throws -> Int {
    let (a, b, result) = (sizes.inputs[0], sizes.inputs[1], sizes.outputs[0])
    let inner = a[a.rank - (transposeA ? 2 : 1)]
    guard inner == b[b.rank - (transposeB ? 1 : 2)] else {
      throw GraphError("the inner sizes of \(a) and \(b) differ")
    }
    product = BatchedProduct(
      rows: result[result.rank - 2], inner: inner, columns: result[result.rank - 1],
      startsA: try starts(a, in: result), startsB: try starts(b, in: result))
    product.transposeA = transposeA
    product.transposeB = transposeB
    return 0
  }

  /// Where the matrix of each product starts.
  private func starts(_ shape: Shape, in result: Shape) throws -> [Int] {
    let batch = Array(result.dimensions.dropLast(2))
    let added = result.rank - shape.rank
    let places = Shape(batch).positions
    for axis in added..<max(added, batch.count)
    where shape[axis - added] != 1 && shape[axis - added] != batch[axis] {
      throw GraphError("the matrices of \(shape) do not broadcast to \(result)")
    }
    return places.map { place in
      (added..<max(added, batch.count)).reduce(0) { start, axis in
        shape[axis - added] == 1 ? start : start + place[axis] * shape.strides[axis - added]
      }
    }
  }

  @specialized(where T == Float)
  @specialized(where T == Double)
  func run(_ context: borrowing KernelContext) {
    product.run(
      context.inputs[0].elements(T.self), context.inputs[1].elements(T.self),
      into: context.outputs[0].elements(T.self), context)
  }
}
