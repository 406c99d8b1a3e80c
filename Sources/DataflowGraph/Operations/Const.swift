import Tensors

/// A tensor that is part of the graph. TensorFlow's `Const`.
public struct Const: Operation {
  public static let name = "Const"
  public static var samples: [OperationSample] { [] }

  public let value: Tensor

  public init(_ value: Tensor) { self.value = value }
  public init(attributes: Attributes) throws { value = try attributes.tensor("value") }

  public var attributes: Attributes {
    ["dtype": .type(value.elementType), "value": .tensor(value)]
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 0)
    return [TensorSpec(value.elementType, SymbolicShape(value.shape))]
  }

  /// Plans read the tensor in place; only on a branch that may not be taken it is a step.
  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) -> any Kernel {
    let value = value
    return FunctionKernel { context in
      value.withBytes { context.outputs[0].fill(from: $0) }
    }
  }
}

extension Graph {
  /// Adds a constant.
  public func constant(_ value: Tensor, name: String? = nil) -> Value {
    apply(Const(value), name: name)
  }

  /// Adds a scalar constant of the given type of numbers.
  public func constant(_ value: Double, _ type: ElementType, name: String? = nil) -> Value {
    switch type {
    case .float32: constant(Tensor(Float(value)), name: name)
    case .float64: constant(Tensor(value), name: name)
    case .float16: constant(Tensor(Float16(value)), name: name)
    case .int32: constant(Tensor(Int32(value)), name: name)
    case .int64: constant(Tensor(Int64(value)), name: name)
    case .uint8: constant(Tensor(UInt8(value)), name: name)
    case .bool, .resource: preconditionFailure("\(value) as \(type): no number")
    }
  }
}
