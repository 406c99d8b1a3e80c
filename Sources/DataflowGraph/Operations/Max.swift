import Tensors

/// The largest element along some dimensions; equal ones share the gradient. TensorFlow's `Max` with the axes as an attribute.
public struct Max: ReductionOperation {
  public static let name = "Max"
  public static let function = BinaryFunction.maximum

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
    [try gradientOfExtreme(of: node, outputGradients[0]!)]
  }

  public static var samples: [OperationSample] {
    OperationSample.reduction(Max.self) { $0.max() ?? -.infinity }
      + OperationSample.integerReduction(Max.self) { $0.max()! }
  }
}

/// The largest element of `x` along `axes`, along all dimensions if nil.
public func reduceMax(
  _ x: Value, axes: [Int]? = nil, keepDims: Bool = false, name: String? = nil
) -> Value {
  x.graph.apply(Max(axes: axes ?? Array(0..<x.shape.rank), keepDims: keepDims), x, name: name)
}
