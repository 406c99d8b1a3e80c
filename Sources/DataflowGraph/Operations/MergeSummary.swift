import Tensors

/// Several summaries as one. TensorFlow's `MergeSummary`.
public struct MergeSummary: SummaryOperation {
  public static let name = "MergeSummary"

  public init() {}
  public init(attributes: Attributes) {}

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    guard !inputs.isEmpty else { throw GraphError("takes at least 1 input, got 0") }
    for (index, input) in inputs.enumerated() {
      try expect(input, type: .uint8, "summary \(index)")
      try expect(input, rank: 1, "summary \(index)")
    }
    return [Self.messageSpec]
  }

  public func summarize(_ inputs: [Tensor], into message: inout SummaryMessage) {
    for input in inputs { message.add(message: input.scalars(as: UInt8.self)) }
  }
}

/// Several summaries as one.
///
/// - Throws: `GraphError` where there are none.
public func mergeSummary(_ summaries: [Value], name: String? = nil) throws -> Value {
  guard let first = summaries.first else { throw GraphError("no summaries to merge") }
  return try first.graph.add(MergeSummary(), summaries, name: name).output
}
