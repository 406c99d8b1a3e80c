import Tensors

/// How elements are distributed, for TensorBoard: a `Summary` message as bytes. TensorFlow's
/// `HistogramSummary` with the tag as an attribute.
public struct HistogramSummary: SummaryOperation {
  public static let name = "HistogramSummary"

  let tag: String

  /// - Parameter tag: the histogram's name.
  public init(tag: String) { self.tag = tag }
  public init(attributes: Attributes) throws { tag = try attributes.string("tag") }

  public var attributes: Attributes { ["tag": .string(tag)] }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    try expectSameType(inputs, among: .numbers)
    return [Self.messageSpec]
  }

  public func summarize(_ inputs: [Tensor], into message: inout SummaryMessage) throws {
    var histogram = Histogram()
    for (index, element) in inputs[0].elementsAsDouble.enumerated() {
      guard element.isFinite else {
        throw GraphError("the histogram \(tag) has no place for element \(index), \(element)")
      }
      histogram.add(element)
    }
    message.add(tag: tag, histogram)
  }
}

/// TensorBoard's histogram `tag` of the elements of `x`, numbers of any type.
public func histogramSummary(_ x: Value, tag: String, name: String? = nil) -> Value {
  x.graph.apply(HistogramSummary(tag: tag), x, name: name)
}
