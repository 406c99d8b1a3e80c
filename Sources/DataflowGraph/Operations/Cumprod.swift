import Tensors

/// Running products along one dimension; the gradient is that of elements other than 0. TensorFlow's `Cumprod` with the axis as an attribute.
public struct Cumprod: CumulativeOperation {
  public static let name = "Cumprod"
  public static let function = BinaryFunction.multiply

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
    let (x, g) = (node.inputs[0], outputGradients[0]!)
    return [cumsum(node.output * g, axis: axis, exclusive: exclusive, reverse: !reverse) / x]
  }

  public static var samples: [OperationSample] {
    OperationSample.cumulative(Cumprod.self, start: 1) { $0 * $1 }
  }
}

/// Running products along one dimension; the gradient is that of elements other than 0.
public func cumprod(
  _ x: Value, axis: Int, exclusive: Bool = false, reverse: Bool = false, name: String? = nil
) -> Value {
  x.graph.apply(Cumprod(axis: axis, exclusive: exclusive, reverse: reverse), x, name: name)
}
