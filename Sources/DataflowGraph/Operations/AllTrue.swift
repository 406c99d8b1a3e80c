import Tensors

/// Whether all elements along some dimensions are true. TensorFlow's `All` with the axes as an attribute.
public struct AllTrue: ReductionOperation {
  public static let name = "All"
  // Of nothing the product is 1, a boolean; the minimum would be 255.
  public static let function = BinaryFunction.multiply
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
    OperationSample.booleanReduction(AllTrue.self) { $0.allSatisfy { $0 } }
  }
}

/// Whether all elements of `x` along `axes` are true, along all dimensions if nil.
public func all(
  _ x: Value, axes: [Int]? = nil, keepDims: Bool = false, name: String? = nil
) -> Value {
  x.graph.apply(AllTrue(axes: axes ?? Array(0..<x.shape.rank), keepDims: keepDims), x, name: name)
}
