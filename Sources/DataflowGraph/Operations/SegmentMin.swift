import Tensors

/// The smallest of the rows with equal ids, which ascend; 0 for a segment without rows. TensorFlow's `SegmentMin`.
public struct SegmentMin: SegmentOperation, PlainOperation {
  public static let name = "SegmentMin"
  public static let function = BinaryFunction.minimum

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
    OperationSample.segments({ _ in SegmentMin() }, isSorted: true, empty: 0, { $0.min()! })
  }
}

/// The smallest elements of the rows of `x` with equal `ids`, which ascend.
public func segmentMin(_ x: Value, _ ids: Value, name: String? = nil) -> Value {
  x.graph.apply(SegmentMin(), x, ids, name: name)
}
