import Tensors

/// The input itself. TensorFlow's `Identity`.
public struct Identity: Operation {
  public static let name = "Identity"

  public init() {}
  public init(attributes: Attributes) {}

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    return [TensorSpec(inputs[0].elementType, inputs[0].shape)]
  }

  public var isAlias: Bool { true }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    outputGradients
  }

  public static var samples: [OperationSample] {
    [OperationSample(Identity(), [.random([3, 4])]) { $0 }]
  }
}

public func identity(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Identity(), x, name: name)
}
