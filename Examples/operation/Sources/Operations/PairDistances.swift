import Dataflow

/// The squared distance of each of `n` points to each of `m` others: `[n, d]`, `[m, d]` -> `[n, m]`.
///
/// An operation with a kernel of its own.
public struct PairDistances: PlainOperation {
  public static let name = "PairDistances"

  public init() {}

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 2)
    try expectSameType(inputs, among: .floats)
    for (input, what) in zip(inputs, ["the points", "the others"]) {
      try expect(input, rank: 2, what)
    }
    guard inputs[0].shape[1] == inputs[1].shape[1] else {
      throw GraphError(
        "the points have \(inputs[0].shape[1]) coordinates, the others \(inputs[1].shape[1])")
    }
    return [TensorSpec(inputs[0].elementType, [inputs[0].shape[0], inputs[1].shape[0]])]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) -> any Kernel {
    inputs[0].elementType == .float32 ? PairDistancesKernel<Float>() : PairDistancesKernel<Double>()
  }

  // |x - y|² = |x|² + |y|² - 2 x·y: made of operations, the gradient has a gradient in turn.
  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (x, y, g) = (node.inputs[0], node.inputs[1], outputGradients[0]!)
    return [
      (sum(g, axes: [1], keepDims: true) * x - matMul(g, y)) * 2,
      (reshape(sum(g, axes: [0]), [y.shape[0], 1]) * y - matMul(g, x, transposeA: true)) * 2,
    ]
  }

  public static var samples: [OperationSample] {
    let sizes = [(3, 4, 2), (1, 1, 3), (0, 2, 3), (90, 70, 3)]
    return sizes.map { n, m, d in
      OperationSample(
        PairDistances(), [.random([n, d], seed: 1), .random([m, d], seed: 2)],
        differentiable: n * m > 100 ? [] : nil, needsKnownSizes: true
      ) { inputs in
        let (x, y) = (inputs[0].scalars(as: Double.self), inputs[1].scalars(as: Double.self))
        let distances = (0..<n * m).map { pair in
          (0..<d).reduce(0.0) { sum, axis in
            let difference = x[pair / m * d + axis] - y[pair % m * d + axis]
            return sum + difference * difference
          }
        }
        return [Tensor(shape: [n, m], scalars: distances)]
      }
    }
  }
}

/// The squared distances of points `[n, d]` to others `[m, d]`: `[n, m]`.
///
/// - Throws: `GraphError` where types or coordinates differ.
public func pairDistances(_ points: Value, _ others: Value, name: String? = nil) throws -> Value {
  try points.graph.add(PairDistances(), [points, others], name: name).output
}

private final class PairDistancesKernel<T: BinaryFloatingPoint & TensorElement>: Kernel {
  private var sharding = Sharding(count: 0, nanoseconds: 0)

  // Work is cut by its size alone, so that the bits do not depend on the number of threads.
  func prepare(_ sizes: KernelSizes) -> Int {
    let work = Double(sizes.inputs[1].elementCount)
    sharding = Sharding(count: sizes.inputs[0][0], nanoseconds: work)
    return 0
  }

  @specialized(where T == Float)
  @specialized(where T == Double)
  func run(_ context: borrowing KernelContext) {
    let (points, others) = (context.inputs[0], context.inputs[1])
    let (m, d) = (others.dimensions[0], others.dimensions[1])
    let (x, y) = (points.elements(T.self), others.elements(T.self))
    let distances = context.outputs[0].elements(T.self)
    context.forEachShard(sharding) { _, rows in
      for row in rows {
        for column in 0..<m {
          var sum: T = 0
          for axis in 0..<d {
            let difference = x[row * d + axis] - y[column * d + axis]
            sum += difference * difference
          }
          distances[row * m + column] = sum
        }
      }
    }
  }
}
