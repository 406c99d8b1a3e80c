import Tensors

/// Running products along one dimension. TensorFlow's `Cumprod` with the axis as an attribute.
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

  /// An element's part in each product is what was multiplied before it times what comes after it, which
  /// is right with zeros too.
  public func gradients(of node: Node, outputGradients: [Value?]) throws -> [Value?] {
    let (x, g) = (node.inputs[0], outputGradients[0]!)
    let axis = try x.shape.axis(axis)
    let back = reverse ? 1 : -1
    let before =
      exclusive ? node.output : cumprod(x, axis: axis, exclusive: true, reverse: reverse)
    let after = linearRecurrence(
      shifted(x, by: back, axis: axis), exclusive ? shifted(g, by: back, axis: axis) : g,
      axis: axis, reverse: !reverse)
    return [before * after]
  }

  public static var samples: [OperationSample] {
    OperationSample.cumulative(Cumprod.self, start: 1) { $0 * $1 }
  }
}

/// Running products along one dimension.
public func cumprod(
  _ x: Value, axis: Int, exclusive: Bool = false, reverse: Bool = false, name: String? = nil
) -> Value {
  x.graph.apply(Cumprod(axis: axis, exclusive: exclusive, reverse: reverse), x, name: name)
}
