import Tensors

/// Writes a value to a variable and returns the variable. TensorFlow's `Assign`.
public struct Assign: Operation {
  public static let name = "Assign"
  public static var samples: [OperationSample] { [] }

  public init() {}
  public init(attributes: Attributes) {}

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 2)
    try expectSameType(inputs)
    guard inputs[1].shape.couldEqual(inputs[0].shape) else {
      throw GraphError("the value's shape \(inputs[1].shape) is not the variable's")
    }
    return [inputs[0]]
  }

  public var mutatedInputs: [Int] { [0] }

  public func deviceProgram(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> DeviceProgram? {
    DeviceProgram.copy(inputs[0].elementType, input: 1).checkingShapes(of: [1])
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) -> any Kernel {
    let size = inputs[0].elementType.size
    return FunctionKernel { context in
      context.outputs[0].base.copyMemory(
        from: context.inputs[1].base, byteCount: context.inputs[1].count * size)
    } check: { sizes in
      try sizes.checkShapes(of: [1])
    }
  }
}
