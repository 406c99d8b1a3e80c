import Tensors

/// The product over some dimensions. TensorFlow's `Prod` with the axes as an attribute.
public struct Prod: ReductionOperation {
  public static let name = "Prod"
  public static let function = BinaryFunction.multiply

  public let axes: [Int]
  public let keepDims: Bool

  /// - Parameters:
  ///   - axes: counted from the back where negative.
  ///   - keepDims: whether they stay, with size 1.
  public init(axes: [Int], keepDims: Bool) {
    self.axes = axes
    self.keepDims = keepDims
  }

  public func gradients(of node: Node, outputGradients: [Value?]) throws -> [Value?] {
    let (x, g) = (node.inputs[0], outputGradients[0]!)
    let reduced = try reducedAxes(of: x.shape).sorted()
    let order = reduced + (0..<x.shape.rank).filter { !reduced.contains($0) }
    let front = transpose(x, order)
    func count(_ axes: some Sequence<Int>) -> Dimension { axes.reduce(1) { $0 * x.shape[$1] } }
    let rows = reshape(front, [count(reduced), count(order.dropFirst(reduced.count))])
    // The product of the others is that of those before and those after, so zeros do no harm.
    let others =
      cumprod(rows, axis: 0, exclusive: true)
      * cumprod(rows, axis: 0, exclusive: true, reverse: true)
    let back = order.indices.map { order.firstIndex(of: $0)! }
    return [transpose(reshape(others, front.shape), back) * (try spread(g, over: x))]
  }

  public static var samples: [OperationSample] {
    OperationSample.reduction(Prod.self, in: 0.9...1.1) { $0.reduce(1, *) }
      + OperationSample.integerReduction(Prod.self) { $0.reduce(1, &*) }
  }
}

/// The product of `x` over `axes`, over all dimensions if nil.
public func prod(
  _ x: Value, axes: [Int]? = nil, keepDims: Bool = false, name: String? = nil
) -> Value {
  x.graph.apply(Prod(axes: axes ?? Array(0..<x.shape.rank), keepDims: keepDims), x, name: name)
}
