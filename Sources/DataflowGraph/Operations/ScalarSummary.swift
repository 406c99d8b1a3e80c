import Tensors

/// A point of a curve for TensorBoard: a `Summary` message as bytes. TensorFlow's `ScalarSummary` with the
/// tag as an attribute.
public struct ScalarSummary: SummaryOperation {
  public static let name = "ScalarSummary"

  let tag: String

  /// - Parameter tag: the curve's name.
  public init(tag: String) { self.tag = tag }
  public init(attributes: Attributes) throws { tag = try attributes.string("tag") }

  public var attributes: Attributes { ["tag": .string(tag)] }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    try expectSameType(inputs, among: .numbers)
    try expect(inputs[0], rank: 0, "the value")
    return [Self.messageSpec]
  }

  public func summarize(_ inputs: [Tensor], into message: inout SummaryMessage) {
    message.add(tag: tag, scalar: inputs[0].elementsAsDouble[0])
  }
}

/// A point of TensorBoard's curve `tag`: a scalar of any type of number.
///
/// - Throws: `GraphError` where `x` is no scalar.
public func scalarSummary(_ x: Value, tag: String, name: String? = nil) throws -> Value {
  try x.graph.add(ScalarSummary(tag: tag), [x], name: name).output
}
