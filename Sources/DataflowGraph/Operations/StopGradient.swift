import Tensors

/// The input, as a constant to gradients. TensorFlow's `StopGradient`.
public struct StopGradient: Operation {
  public static let name = "StopGradient"

  public init() {}
  public init(attributes: Attributes) {}

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    return [TensorSpec(inputs[0].elementType, inputs[0].shape)]
  }

  public var isAlias: Bool { true }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] { [nil] }

  public static var samples: [OperationSample] {
    [OperationSample(StopGradient(), [.random([3, 4])], differentiable: []) { $0 }]
  }
}

public func stopGradient(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(StopGradient(), x, name: name)
}
