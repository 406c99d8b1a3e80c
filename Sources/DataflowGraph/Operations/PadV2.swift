import Tensors

/// A tensor with a value, the second input, around it. TensorFlow's `PadV2` with the paddings as
/// attributes.
public struct PadV2: Operation {
  public static let name = "PadV2"

  let before: [Dimension]
  let after: [Dimension]

  public init(before: [Dimension], after: [Dimension]) {
    self.before = before
    self.after = after
  }

  public init(attributes: Attributes) throws {
    before = try attributes.shape("before").dimensions
    after = try attributes.shape("after").dimensions
  }

  public var attributes: Attributes {
    ["before": .shape(SymbolicShape(before)), "after": .shape(SymbolicShape(after))]
  }

  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(operands: [.init("paddings", at: 1, .pairs, type: "Tpaddings")])
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 2)
    try expectSameType(inputs)
    try expect(inputs[1], rank: 0, "the padding value")
    return [try inputs[0].padded(before, after)]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) -> any Kernel {
    StridedCopyKernel(inputs[0].elementType) { sizes in
      let output = sizes.outputs[0]
      let fill = StridedCopy(
        sizes: [output.elementCount], from: .init(strides: [0]), to: .init(strides: [1]))
      return [.init(input: 1, copy: fill), .init(copy: try paddingCopy(before, after, sizes))]
    }
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let g = outputGradients[0]!
    let inner = slice(g, begin: before, size: node.inputs[0].shape.dimensions)
    return [inner, sum(g) - sum(inner)]
  }

  public static var samples: [OperationSample] {
    Pad.paddingCases.map { shape, before, after in
      let operation = PadV2(
        before: before.map { Dimension($0) }, after: after.map { Dimension($0) })
      return OperationSample(operation, [.random(shape), Tensor(-7.5)]) { inputs in
        let result = Pad.padded(shape, before, after)
        let moved = OperationSample.moving(operation, inputs[0], to: result, filling: -7.5) {
          Pad.unpadded($0, before, in: shape)
        }
        return moved.reference(inputs)
      }
    }
  }
}

/// `x` with `value`, a scalar, around it.
public func pad(
  _ x: Value, before: [Dimension], after: [Dimension], with value: Value, name: String? = nil
) -> Value {
  x.graph.apply(PadV2(before: before, after: after), x, value, name: name)
}
