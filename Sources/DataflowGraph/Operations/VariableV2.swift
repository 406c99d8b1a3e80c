import Tensors

/// A buffer that outlives runs: the state of a session. TensorFlow's `VariableV2`.
public struct VariableV2: Operation {
  public static let name = "VariableV2"
  public static var samples: [OperationSample] { [] }

  public let elementType: ElementType
  public let shape: Shape

  public init(elementType: ElementType, shape: Shape) {
    self.elementType = elementType
    self.shape = shape
  }

  public init(attributes: Attributes) throws {
    let shape = try attributes.shape("shape")
    guard let known = shape.known else {
      throw GraphError("attribute shape = \(shape): every size must be known")
    }
    self.init(elementType: try attributes.type("dtype"), shape: known)
  }

  public var attributes: Attributes {
    ["dtype": .type(elementType), "shape": .shape(SymbolicShape(shape))]
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 0)
    return [TensorSpec(elementType, SymbolicShape(shape), isReference: true)]
  }

  /// Sessions own the buffer.
  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) -> any Kernel {
    preconditionFailure("variables are not computed")
  }
}
