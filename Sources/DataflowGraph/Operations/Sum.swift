import Tensors

/// The sum over some dimensions. TensorFlow's `Sum` with the axes as an attribute.
public struct Sum: ReductionOperation {
  public static let name = "Sum"
  public static let function = BinaryFunction.add

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
    [try spread(outputGradients[0]!, over: node.inputs[0])]
  }

  public static var samples: [OperationSample] {
    OperationSample.reduction(Sum.self) { $0.reduce(0, +) }
      + OperationSample.integerReduction(Sum.self) { $0.reduce(0, &+) }
  }
}

/// The sum of `x` over `axes`, over all dimensions if nil.
public func sum(
  _ x: Value, axes: [Int]? = nil, keepDims: Bool = false, name: String? = nil
) -> Value {
  x.graph.apply(Sum(axes: axes ?? Array(0..<x.shape.rank), keepDims: keepDims), x, name: name)
}
