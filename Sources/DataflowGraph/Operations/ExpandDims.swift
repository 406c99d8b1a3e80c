import Tensors

/// A dimension of size 1 more. TensorFlow's `ExpandDims` with the axis as an attribute.
public struct ExpandDims: Operation {
  public static let name = "ExpandDims"

  let axis: Int

  /// - Parameter axis: of the result, counted from its back where negative.
  public init(axis: Int) { self.axis = axis }
  public init(attributes: Attributes) throws { axis = try attributes.int("dim") }

  public var attributes: Attributes { ["dim": .int(axis)] }

  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(operands: [.init("dim", at: 1, .int, type: "Tdim")])
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    var shape = inputs[0].shape
    shape.dimensions.insert(1, at: try newAxis(axis, inRank: shape.rank))
    return [TensorSpec(inputs[0].elementType, shape)]
  }

  public var isAlias: Bool { true }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    [reshape(outputGradients[0]!, node.inputs[0].shape)]
  }

  public static var samples: [OperationSample] {
    let cases: [(Shape, Int, Shape)] = [
      ([], 0, [1]), ([3], 0, [1, 3]), ([3], -1, [3, 1]), ([2, 3], 1, [2, 1, 3]),
    ]
    return cases.map { from, axis, to in
      OperationSample(ExpandDims(axis: axis), [.random(from)]) { [$0[0].reshaped(to: to)] }
    }
  }
}

/// `x` with a dimension of size 1 more, at `axis` of the result.
public func expandDims(_ x: Value, axis: Int, name: String? = nil) -> Value {
  x.graph.apply(ExpandDims(axis: axis), x, name: name)
}
