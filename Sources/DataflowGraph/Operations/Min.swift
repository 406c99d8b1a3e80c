import Tensors

/// The smallest element along some dimensions; equal ones share the gradient. TensorFlow's `Min` with the axes as an attribute.
public struct Min: ReductionOperation {
  public static let name = "Min"
  public static let function = BinaryFunction.minimum

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
    OperationSample.reduction(Min.self) { $0.min() ?? .infinity }
      + OperationSample.integerReduction(Min.self) { $0.min()! }
  }
}

/// The smallest element of `x` along `axes`, along all dimensions if nil.
public func reduceMin(
  _ x: Value, axes: [Int]? = nil, keepDims: Bool = false, name: String? = nil
) -> Value {
  x.graph.apply(Min(axes: axes ?? Array(0..<x.shape.rank), keepDims: keepDims), x, name: name)
}
