import Tensors

/// Running sums along one dimension. TensorFlow's `Cumsum` with the axis as an attribute.
public struct Cumsum: CumulativeOperation {
  public static let name = "Cumsum"
  public static let function = BinaryFunction.add

  public let axis: Int
  public let exclusive: Bool
  public let reverse: Bool

  /// - Parameters:
  ///   - axis: counted from the back where negative.
  ///   - exclusive: whether an element itself is left out of its result.
  ///   - reverse: whether to go from the last element to the first.
  public init(axis: Int, exclusive: Bool = false, reverse: Bool = false) {
    self.axis = axis
    self.exclusive = exclusive
    self.reverse = reverse
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let g = outputGradients[0]!
    return [cumsum(g, axis: axis, exclusive: exclusive, reverse: !reverse)]
  }

  public static var samples: [OperationSample] {
    OperationSample.cumulative(Cumsum.self, start: 0) { $0 + $1 }
  }
}

/// Running sums along one dimension.
public func cumsum(
  _ x: Value, axis: Int, exclusive: Bool = false, reverse: Bool = false, name: String? = nil
) -> Value {
  x.graph.apply(Cumsum(axis: axis, exclusive: exclusive, reverse: reverse), x, name: name)
}
