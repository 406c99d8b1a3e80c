import Tensors

/// The mean over some dimensions. TensorFlow's `Mean` with the axes as an attribute.
public struct Mean: ReductionOperation {
  public static let name = "Mean"
  public static let function = BinaryFunction.add
  public static let types: [ElementType] = .floats

  public let axes: [Int]
  public let keepDims: Bool

  /// - Parameters:
  ///   - axes: counted from the back where negative.
  ///   - keepDims: whether they stay, with size 1.
  public init(axes: [Int], keepDims: Bool) {
    self.axes = axes
    self.keepDims = keepDims
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    let reduced = try reducedAxes(of: inputs[0].shape)
    return try makeFloatKernel(inputs[0].elementType) {
      MeanKernel<Float>(reduced: reduced)
    } _: {
      MeanKernel<Double>(reduced: reduced)
    }
  }

  public func gradients(of node: Node, outputGradients: [Value?]) throws -> [Value?] {
    let (x, g) = (node.inputs[0], outputGradients[0]!)
    let count = size(x, as: x.elementType) / size(node.output, as: x.elementType)
    return [try spread(g / count, over: x)]
  }

  public static var samples: [OperationSample] {
    OperationSample.reduction(Mean.self) { $0.reduce(0, +) / Double($0.count) }
  }
}

/// The mean of `x` over `axes`, over all dimensions if nil.
public func mean(
  _ x: Value, axes: [Int]? = nil, keepDims: Bool = false, name: String? = nil
) -> Value {
  x.graph.apply(Mean(axes: axes ?? Array(0..<x.shape.rank), keepDims: keepDims), x, name: name)
}
