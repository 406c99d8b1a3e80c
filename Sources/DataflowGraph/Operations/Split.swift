import Tensors

/// A tensor cut into equal parts along one dimension. TensorFlow's `Split` with the axis as an
/// attribute.
public struct Split: Operation {
  public static let name = "Split"

  let count: Int
  let axis: Int

  /// - Parameters:
  ///   - count: how many parts; the size along the dimension must be a multiple of it, as a number or as it is written.
  ///   - axis: counted from the back where negative.
  public init(count: Int, axis: Int) {
    self.count = count
    self.axis = axis
  }

  public init(attributes: Attributes) throws {
    self.init(count: try attributes.int("num_split"), axis: try attributes.int("axis"))
  }

  public var attributes: Attributes { ["num_split": .int(count), "axis": .int(axis)] }

  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(operands: [.init("axis", at: 0, .int)])
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    try expect(outputs: count, from: 1, "num_split")
    var shape = inputs[0].shape
    let axis = try shape.axis(axis)
    guard let part = shape[axis].divided(by: count) else {
      let size = "the size \(shape[axis]) along axis \(axis)"
      throw GraphError(
        shape[axis].known != nil
          ? "\(size) has no \(count) equal parts"
          : "\(size) is not known to have \(count) equal parts; it may be written as a multiple, such as"
            + " \(count)*m, or SplitV be given the parts' sizes")
    }
    shape.dimensions[axis] = part
    return Array(repeating: TensorSpec(inputs[0].elementType, shape), count: count)
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    try makeSplitKernel(inputs[0], axis: axis)
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    [concatenated(outputGradients, of: node, axis: axis)]
  }

  public static var samples: [OperationSample] {
    let cases: [(Shape, Int, Int)] = [
      ([6], 3, 0), ([2, 4], 2, 1), ([4, 3], 4, -2), ([2, 0], 1, 1),
    ]
    return cases.map { shape, count, axis in
      var sizes = shape.dimensions
      sizes[axis < 0 ? axis + shape.rank : axis] /= count
      let parts = Array(repeating: sizes[axis < 0 ? axis + shape.rank : axis], count: count)
      return OperationSample(
        Split(count: count, axis: axis), [.random(shape)], needsKnownSizes: true
      ) { inputs in SplitV.plainSplit(inputs[0], parts, axis) }
    }
  }
}

/// `x` cut into `count` equal parts along `axis`.
///
/// - Throws: `GraphError` where the size has no such parts.
public func split(_ x: Value, into count: Int, axis: Int, name: String? = nil) throws -> [Value] {
  try x.graph.add(Split(count: count, axis: axis), [x], name: name).outputs
}

extension Operation {
  /// The kernel that cuts a tensor into parts as long as the outputs.
  func makeSplitKernel(_ input: TensorSpec, axis: Int) throws -> any Kernel {
    let axis = try input.shape.axis(axis)
    return StridedCopyKernel(input.elementType) { sizes in
      let total = sizes.outputs.reduce(0) { $0 + $1[axis] }
      guard total == sizes.inputs[0][axis] else {
        throw GraphError("the parts' sizes make up \(total), not \(sizes.inputs[0][axis])")
      }
      var begin = 0
      return sizes.outputs.enumerated().map { index, output in
        defer { begin += output[axis] }
        let copy = StridedCopy(
          sizes: output.dimensions, from: sizes.inputs[0].layout(from: begin, along: axis),
          to: output.layout)
        return .init(output: index, copy: copy)
      }
    }
  }

  /// The gradients of parts put together, zeros for those that nothing depends on.
  func concatenated(_ gradients: [Value?], of node: Node, axis: Int) -> Value {
    concat(
      zip(gradients, node.outputs).map { $0 ?? node.graph.zeros(like: $1) }, axis: axis)
  }
}
