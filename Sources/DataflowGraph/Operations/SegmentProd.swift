import Tensors

/// The product of rows with equal ids, which ascend; 1 for a segment without rows. TensorFlow's `SegmentProd`.
public struct SegmentProd: SegmentOperation, PlainOperation {
  public static let name = "SegmentProd"
  public static let function = BinaryFunction.multiply

  public init() {}

  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(types: ["T": .input(0), "Tindices": .input(1)])
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    if inputs.count == 2 { try expect(inputs[1], rank: 1, "the ids") }
    return try output(for: inputs, segments: .late(0))
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    try makeSegmentKernel(inputs, isSorted: true)
  }

  public func gradients(of node: Node, outputGradients: [Value?]) throws -> [Value?] {
    try segmentGradient(of: node, outputGradients[0]!)
  }

  public static var samples: [OperationSample] {
    OperationSample.segments(
      { _ in SegmentProd() }, isSorted: true, empty: 1, in: 0.999...1.0005, { $0.reduce(1, *) })
  }
}

/// The products of the rows of `x` with equal `ids`, which ascend.
public func segmentProd(_ x: Value, _ ids: Value, name: String? = nil) -> Value {
  x.graph.apply(SegmentProd(), x, ids, name: name)
}
