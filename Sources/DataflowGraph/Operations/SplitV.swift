import Tensors

/// A tensor cut into parts of given sizes along one dimension. TensorFlow's `SplitV` with the sizes and
/// the axis as attributes.
public struct SplitV: Operation {
  public static let name = "SplitV"

  let sizes: [Dimension]
  let axis: Int

  /// - Parameters:
  ///   - sizes: the parts' sizes along the dimension, which make up its size; one of them may be
  ///     -1 for the rest.
  ///   - axis: counted from the back where negative.
  public init(sizes: [Dimension], axis: Int) {
    self.sizes = sizes
    self.axis = axis
  }

  public init(attributes: Attributes) throws {
    self.init(
      sizes: try attributes.shape("size_splits").dimensions, axis: try attributes.int("axis"))
  }

  public var attributes: Attributes {
    ["size_splits": .shape(SymbolicShape(sizes)), "axis": .int(axis)]
  }

  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(operands: [
      .init("size_splits", at: 1, .sizes, type: "Tlen"), .init("axis", at: 2, .int),
    ])
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    let shape = inputs[0].shape
    let axis = try shape.axis(axis)
    var parts = sizes
    if let open = sizes.firstIndex(of: -1) {
      parts[open] = 0
      parts[open] = shape[axis] - parts.reduce(0, +)
    }
    guard !parts.isEmpty, parts.reduce(0, +).couldEqual(shape[axis]),
      parts.allSatisfy({ ($0.known ?? 0) >= 0 })
    else {
      throw GraphError("the sizes \(sizes) do not make up \(shape[axis]) along axis \(axis)")
    }
    return parts.map { part in
      var spec = TensorSpec(inputs[0].elementType, shape)
      spec.shape.dimensions[axis] = part
      return spec
    }
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    try makeSplitKernel(inputs[0], axis: axis)
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    [concatenated(outputGradients, of: node, axis: axis)]
  }

  public static var samples: [OperationSample] {
    let cases: [(Shape, [Int], Int)] = [
      ([6], [1, 2, 3], 0), ([2, 5], [4, 1], 1), ([4, 3], [0, 4], -2),
    ]
    let rest = OperationSample(
      SplitV(sizes: [2, -1], axis: 1), [.random([2, 5])]
    ) { plainSplit($0[0], [2, 3], 1) }
    return cases.map { shape, parts, axis in
      OperationSample(
        SplitV(sizes: parts.map { Dimension($0) }, axis: axis), [.random(shape)]
      ) { plainSplit($0[0], parts, axis) }
    } + [rest]
  }

  static func plainSplit(_ input: Tensor, _ parts: [Int], _ axis: Int) -> [Tensor] {
    let axis = axis < 0 ? axis + input.shape.rank : axis
    var begin = 0
    return parts.map { part in
      defer { begin += part }
      var sizes = input.shape.dimensions
      sizes[axis] = part
      let first = begin
      return OperationSample.moving(NoOp(), input, to: Shape(sizes)) { position in
        var position = position
        position[axis] += first
        return position
      }.reference([input])[0]
    }
  }
}

/// `x` cut into parts of the given sizes along `axis`.
///
/// - Throws: `GraphError` where the sizes do not make up that of `x`.
public func split(
  _ x: Value, sizes: [Dimension], axis: Int, name: String? = nil
) throws -> [Value] {
  try x.graph.add(SplitV(sizes: sizes, axis: axis), [x], name: name).outputs
}
