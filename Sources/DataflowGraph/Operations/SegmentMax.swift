import Tensors

/// The largest of the rows with equal ids, which ascend; 0 for a segment without rows. TensorFlow's `SegmentMax`.
public struct SegmentMax: SegmentOperation, PlainOperation {
  public static let name = "SegmentMax"
  public static let function = BinaryFunction.maximum

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
    OperationSample.segments({ _ in SegmentMax() }, isSorted: true, empty: 0, { $0.max()! })
  }
}

/// The largest elements of the rows of `x` with equal `ids`, which ascend.
public func segmentMax(_ x: Value, _ ids: Value, name: String? = nil) -> Value {
  x.graph.apply(SegmentMax(), x, ids, name: name)
}
