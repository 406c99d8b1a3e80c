import Tensors

/// Tensors of one shape, one after the other along a new dimension. TensorFlow's `Pack`.
public struct Pack: Operation {
  public static let name = "Pack"

  let axis: Int

  /// - Parameter axis: of the result, counted from its back where negative.
  public init(axis: Int) { self.axis = axis }
  public init(attributes: Attributes) throws { axis = try attributes.int("axis", default: 0) }

  public var attributes: Attributes { ["axis": .int(axis)] }

  public static var tensorFlowForm: TensorFlowForm { TensorFlowForm(count: "N") }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    guard let first = inputs.first else { throw GraphError("takes at least 1 input, got 0") }
    try expectSameType(inputs)
    for (index, input) in inputs.enumerated() where !input.shape.couldEqual(first.shape) {
      throw GraphError("input \(index) has shape \(input.shape), input 0 \(first.shape)")
    }
    var shape = first.shape
    shape.dimensions.insert(
      Dimension(inputs.count), at: try newAxis(axis, inRank: first.shape.rank))
    return [TensorSpec(first.elementType, shape)]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    let axis = try outputs[0].shape.axis(axis)
    return StridedCopyKernel(inputs[0].elementType) { sizes in
      let output = sizes.outputs[0]
      var strides = output.strides
      let step = strides.remove(at: axis)
      return sizes.inputs.enumerated().map { index, input in
        let target = StridedCopy.Layout(start: index * step, strides: strides)
        let copy = StridedCopy(sizes: input.dimensions, from: input.layout, to: target)
        return .init(input: index, copy: copy)
      }
    }
  }

  public func gradients(of node: Node, outputGradients: [Value?]) throws -> [Value?] {
    try unstack(outputGradients[0]!, axis: axis)
  }

  public static var samples: [OperationSample] {
    let cases: [(Shape, Int, Int)] = [([], 3, 0), ([3], 2, 0), ([3], 2, 1), ([2, 3], 3, -2)]
    return cases.map { shape, count, axis in
      let inputs = (0..<count).map { Tensor.random(shape, seed: UInt64($0)) }
      return OperationSample(Pack(axis: axis), inputs) { inputs in
        var sizes = shape.dimensions
        let axis = axis < 0 ? axis + shape.rank + 1 : axis
        sizes.insert(count, at: axis)
        let columns = inputs.map(\.doubles)
        let elements = Shape(sizes).positions.map { position in
          var inner = position
          let index = inner.remove(at: axis)
          return columns[index][zip(inner, shape.strides).reduce(0) { $0 + $1.0 * $1.1 }]
        }
        return [Tensor(shape: Shape(sizes), scalars: elements)]
      }
    }
  }
}

/// `values`, of one shape, one after the other along the new dimension `axis`.
///
/// - Throws: `GraphError` where there are none, or types or shapes differ.
public func stack(_ values: [Value], axis: Int = 0, name: String? = nil) throws -> Value {
  guard let first = values.first else { throw GraphError("nothing to stack") }
  return try first.graph.add(Pack(axis: axis), values, name: name).output
}

extension Operation {
  /// Where a new dimension comes to stand, for an axis that may be counted from the result's back.
  func newAxis(_ axis: Int, inRank rank: Int) throws -> Int {
    let resolved = axis < 0 ? axis + rank + 1 : axis
    guard (0...rank).contains(resolved) else {
      throw GraphError("axis \(axis) is outside \(-rank - 1)...\(rank)")
    }
    return resolved
  }
}
