import Tensors

/// A tensor taken apart along one dimension. TensorFlow's `Unpack`.
public struct Unpack: Operation {
  public static let name = "Unpack"

  let count: Int
  let axis: Int

  /// - Parameters:
  ///   - count: the size along the dimension.
  ///   - axis: counted from the back where negative.
  public init(count: Int, axis: Int) {
    self.count = count
    self.axis = axis
  }

  public init(attributes: Attributes) throws {
    self.init(count: try attributes.int("num"), axis: try attributes.int("axis", default: 0))
  }

  public var attributes: Attributes { ["num": .int(count), "axis": .int(axis)] }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    try expect(outputs: count, from: 0, "num")
    var shape = inputs[0].shape
    let axis = try shape.axis(axis)
    guard shape[axis].couldEqual(Dimension(count)) else {
      throw GraphError("attribute num = \(count): the size along axis \(axis) is \(shape[axis])")
    }
    shape.dimensions.remove(at: axis)
    return Array(repeating: TensorSpec(inputs[0].elementType, shape), count: count)
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    let axis = try inputs[0].shape.axis(axis)
    return StridedCopyKernel(inputs[0].elementType) { sizes in
      let input = sizes.inputs[0]
      guard input[axis] == count else {
        throw GraphError("attribute num = \(count): the size along axis \(axis) is \(input[axis])")
      }
      var strides = input.strides
      let step = strides.remove(at: axis)
      return sizes.outputs.enumerated().map { index, output in
        let source = StridedCopy.Layout(start: index * step, strides: strides)
        let copy = StridedCopy(sizes: output.dimensions, from: source, to: output.layout)
        return .init(output: index, copy: copy)
      }
    }
  }

  public func gradients(of node: Node, outputGradients: [Value?]) throws -> [Value?] {
    let parts = zip(outputGradients, node.outputs).map { $0 ?? node.graph.zeros(like: $1) }
    return [try stack(parts, axis: axis)]
  }

  public static var samples: [OperationSample] {
    let cases: [(Shape, Int)] = [([3], 0), ([2, 3], 0), ([2, 3], 1), ([2, 3, 2], -2)]
    return cases.map { shape, axis in
      let resolved = axis < 0 ? axis + shape.rank : axis
      return OperationSample(Unpack(count: shape[resolved], axis: axis), [.random(shape)]) {
        inputs in
        var sizes = shape.dimensions
        sizes.remove(at: resolved)
        let ones = Array(repeating: 1, count: shape[resolved])
        return SplitV.plainSplit(inputs[0], ones, axis).map { $0.reshaped(to: Shape(sizes)) }
      }
    }
  }
}

/// `x` taken apart along `axis`, whose size must be known.
///
/// - Throws: `GraphError` where it is not.
public func unstack(_ x: Value, axis: Int = 0, name: String? = nil) throws -> [Value] {
  let dimension = x.shape[try x.shape.axis(axis)]
  guard let count = dimension.known else {
    throw GraphError("\(x.name) cannot be taken apart: its size \(dimension) is not known")
  }
  return try x.graph.add(Unpack(count: count, axis: axis), [x], name: name).outputs
}
