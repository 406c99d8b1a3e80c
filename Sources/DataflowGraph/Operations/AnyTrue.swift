import Tensors

/// Whether some element along some dimensions is true. TensorFlow's `Any` with the axes as an attribute.
public struct AnyTrue: ReductionOperation {
  public static let name = "Any"
  public static let function = BinaryFunction.maximum
  public static let types: [ElementType] = [.bool]

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
    [nil]
  }

  public static var samples: [OperationSample] {
    OperationSample.booleanReduction(AnyTrue.self) { $0.contains(true) }
  }
}

/// Whether some element of `x` along `axes` is true, along all dimensions if nil.
public func any(
  _ x: Value, axes: [Int]? = nil, keepDims: Bool = false, name: String? = nil
) -> Value {
  x.graph.apply(AnyTrue(axes: axes ?? Array(0..<x.shape.rank), keepDims: keepDims), x, name: name)
}
