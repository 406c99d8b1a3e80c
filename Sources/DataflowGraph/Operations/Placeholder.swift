import Tensors

/// A value that every run is fed with. TensorFlow's `Placeholder`.
public struct Placeholder: Operation {
  public static let name = "Placeholder"
  public static var samples: [OperationSample] { [] }

  let elementType: ElementType
  let shape: SymbolicShape

  /// - Parameter shape: sizes that differ from run to run have names; equal names, equal sizes.
  public init(elementType: ElementType, shape: SymbolicShape) {
    self.elementType = elementType
    self.shape = shape
  }

  public init(attributes: Attributes) throws {
    self.init(elementType: try attributes.type("dtype"), shape: try attributes.shape("shape"))
  }

  public var attributes: Attributes { ["dtype": .type(elementType), "shape": .shape(shape)] }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 0)
    return [TensorSpec(elementType, shape)]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) -> any Kernel {
    FunctionKernel { _ in throw GraphError("must be fed: a tensor of \(outputs[0])") }
  }
}

extension Graph {
  /// Adds a value that every run is fed with.
  public func placeholder(
    _ elementType: ElementType, _ shape: SymbolicShape, name: String? = nil
  ) -> Value {
    apply(Placeholder(elementType: elementType, shape: shape), name: name)
  }
}
