import Tensors

/// A tensor with one value everywhere. TensorFlow's `Fill` with the shape as an attribute.
public struct Fill: Operation {
  public static let name = "Fill"

  let shape: SymbolicShape

  public init(shape: SymbolicShape) { self.shape = shape }
  public init(attributes: Attributes) throws { shape = try attributes.shape("dims") }

  public var attributes: Attributes { ["dims": .shape(shape)] }

  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(operands: [.init("dims", at: 0, .sizes, type: "index_type")])
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    try expect(inputs[0], rank: 0, "the value")
    return [TensorSpec(inputs[0].elementType, shape)]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    try makeElementwiseKernel(
      .x, computing: inputs[0].elementType, inputs: inputs, output: outputs[0])
  }

  /// The walker that undoes broadcasting sums over everything.
  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] { outputGradients }

  public static var samples: [OperationSample] {
    let shapes: [Shape] = [[], [3], [2, 0], [30, 40]]
    return shapes.map { shape in
      OperationSample(Fill(shape: SymbolicShape(shape)), [Tensor(2.5)]) { _ in
        [Tensor(shape: shape, scalars: Array(repeating: 2.5, count: shape.elementCount))]
      }
    }
  }
}

/// A tensor of the given shape with `value`, a scalar, everywhere.
public func fill(_ shape: SymbolicShape, with value: Value, name: String? = nil) -> Value {
  value.graph.apply(Fill(shape: shape), value, name: name)
}
