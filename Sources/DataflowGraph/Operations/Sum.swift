import Tensors

/// The sum over some dimensions. TensorFlow's `Sum` with the axes as an attribute.
public struct Sum: Operation {
  public static let name = "Sum"

  let axes: [Int]
  let keepDims: Bool

  /// - Parameters:
  ///   - axes: counted from the back where negative.
  ///   - keepDims: whether they stay, with size 1.
  public init(axes: [Int], keepDims: Bool) {
    self.axes = axes
    self.keepDims = keepDims
  }

  public init(attributes: Attributes) throws {
    self.init(axes: try attributes.ints("axes"), keepDims: try attributes.bool("keep_dims"))
  }

  public var attributes: Attributes { ["axes": .ints(axes), "keep_dims": .bool(keepDims)] }

  private func reducedAxes(of shape: SymbolicShape) throws -> Set<Int> {
    let resolved = try axes.map { try shape.axis($0) }
    guard Set(resolved).count == axes.count else { throw GraphError("axes \(axes) repeat") }
    return Set(resolved)
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    try expectSameType(inputs, among: .floats)
    let reduced = try reducedAxes(of: inputs[0].shape)
    let sizes = inputs[0].shape.dimensions.enumerated().compactMap { axis, size -> Dimension? in
      reduced.contains(axis) ? (keepDims ? 1 : nil) : size
    }
    return [TensorSpec(inputs[0].elementType, SymbolicShape(sizes))]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    let reduced = try reducedAxes(of: inputs[0].shape)
    return try makeFloatKernel(inputs[0].elementType) {
      SumKernel<Float>(reduced: reduced)
    } _: {
      SumKernel<Double>(reduced: reduced)
    }
  }

  public func gradients(of node: Node, outputGradients: [Value?]) throws -> [Value?] {
    let shape = node.inputs[0].shape
    let reduced = try reducedAxes(of: shape)
    let kept = shape.dimensions.enumerated().map { reduced.contains($0) ? 1 : $1 }
    return [broadcast(reshape(outputGradients[0]!, SymbolicShape(kept)), to: shape)]
  }

  public static var samples: [OperationSample] {
    let cases: [(Shape, [Int])] = [
      ([], []), ([5], [0]), ([2, 3], [0]), ([2, 3], [1]), ([2, 3], [0, 1]), ([2, 3], [-1]),
      ([2, 3, 4], [1]), ([2, 3, 4], [0, 2]), ([2, 3, 4], []), ([0, 3], [0]), ([3, 0], [1]),
      ([2, 3, 2, 3], [0, 2]), ([2, 3, 2, 3], [1, 3]), ([600, 9], [0]), ([9, 600], [1]),
      ([1, 3000], [0, 1]),
    ]
    return cases.flatMap { shape, axes in
      [false, true].map { keepDims in
        OperationSample(Sum(axes: axes, keepDims: keepDims), [.random(shape)]) { inputs in
          [plainSum(inputs[0], axes: axes, keepDims: keepDims)]
        }
      }
    }
  }

  private static func plainSum(_ input: Tensor, axes: [Int], keepDims: Bool) -> Tensor {
    let reduced = Set(axes.map { $0 < 0 ? $0 + input.shape.rank : $0 })
    let kept = input.shape.dimensions.enumerated().map { reduced.contains($0) ? 1 : $1 }
    var sums = Array(repeating: 0.0, count: kept.reduce(1, *))
    for (index, element) in input.doubles.enumerated() {
      var (rest, target, stride) = (index, 0, 1)
      for axis in kept.indices.reversed() {
        if kept[axis] != 1 { target += rest % input.shape[axis] * stride }
        rest /= input.shape[axis]
        stride *= kept[axis]
      }
      sums[target] += element
    }
    let shape = keepDims ? kept : kept.indices.filter { !reduced.contains($0) }.map { kept[$0] }
    return Tensor(shape: Shape(shape), scalars: sums)
  }
}

/// The sum of `x` over `axes`, over all dimensions if nil.
public func sum(_ x: Value, axes: [Int]? = nil, keepDims: Bool = false) -> Value {
  x.graph.apply(Sum(axes: axes ?? Array(0..<x.shape.rank), keepDims: keepDims), x)
}
