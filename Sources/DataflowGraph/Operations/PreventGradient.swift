import Tensors

/// The input; asking for a gradient through it is an error. TensorFlow's `PreventGradient`.
public struct PreventGradient: Operation {
  public static let name = "PreventGradient"

  let message: String

  /// - Parameter message: what the error says.
  public init(message: String) { self.message = message }
  public init(attributes: Attributes) throws {
    message = try attributes.string("message", default: "")
  }

  public var attributes: Attributes { ["message": .string(message)] }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    return [TensorSpec(inputs[0].elementType, inputs[0].shape)]
  }

  public var isAlias: Bool { true }

  public func gradients(of node: Node, outputGradients: [Value?]) throws -> [Value?] {
    throw node.error(message.isEmpty ? "has no gradient" : message)
  }

  public static var samples: [OperationSample] {
    [OperationSample(PreventGradient(message: "x"), [.random([3, 4])], differentiable: []) { $0 }]
  }
}

/// `x`, and an error with `message` where somebody asks for a gradient through it.
public func preventGradient(_ x: Value, message: String, name: String? = nil) -> Value {
  x.graph.apply(PreventGradient(message: message), x, name: name)
}
