import Tensors

/// The product of rows that belong together; 1 for a segment without rows. TensorFlow's
/// `UnsortedSegmentProd` with the number of segments as an attribute.
public struct UnsortedSegmentProd: SegmentOperation {
  public static let name = "UnsortedSegmentProd"
  public static let function = BinaryFunction.multiply

  let segments: Dimension

  public init(segments: Dimension) { self.segments = segments }
  public init(attributes: Attributes) throws { segments = try attributes.dimension("num_segments") }

  public var attributes: Attributes { ["num_segments": .shape([segments])] }

  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(
      operands: [.init("num_segments", at: 2, .size, type: "Tnumsegments")],
      types: ["T": .input(0), "Tindices": .input(1)])
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try output(for: inputs, segments: segments)
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    try makeSegmentKernel(inputs, isSorted: false)
  }

  public func gradients(of node: Node, outputGradients: [Value?]) throws -> [Value?] {
    try segmentGradient(of: node, outputGradients[0]!)
  }

  public static var samples: [OperationSample] {
    OperationSample.segments(
      { UnsortedSegmentProd(segments: Dimension($0)) }, isSorted: false, empty: 1,
      in: 0.999...1.0005,
      { $0.reduce(1, *) })
  }
}

/// The products of the rows of `x` with equal `ids`, whole numbers, for the ids `0..<segments`.
public func unsortedSegmentProd(
  _ x: Value, _ ids: Value, segments: Dimension, name: String? = nil
) -> Value {
  x.graph.apply(UnsortedSegmentProd(segments: segments), x, ids, name: name)
}
