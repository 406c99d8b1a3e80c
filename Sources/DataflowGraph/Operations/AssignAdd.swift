import Tensors

/// Adds a value to a variable and returns the variable. TensorFlow's `AssignAdd`.
public struct AssignAdd: PlainOperation {
  public static let name = "AssignAdd"
  public static var samples: [OperationSample] { [] }

  public init() {}

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 2)
    try expectSameType(inputs, among: .numbers)
    guard inputs[1].shape.couldEqual(inputs[0].shape) else {
      throw GraphError("the value's shape \(inputs[1].shape) is not the variable's")
    }
    return [inputs[0]]
  }

  public var mutatedInputs: [Int] { [0] }

  public func deviceProgram(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> DeviceProgram? {
    DeviceProgram.elementwise(
      .binary(.add, .x, .y), computing: inputs[0].elementType, inputs: inputs,
      output: outputs[0])?.checkingShapes(of: [1])
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    func make<T: KernelNumber>(_: T.Type) -> any Kernel {
      FunctionKernel { context in
        let (variable, value) = (
          context.inputs[0].elements(T.self), context.inputs[1].elements(T.self)
        )
        BinaryFunction.add.apply(variable, value, variable, context.inputs[0].count)
      } check: { sizes in
        try sizes.checkShapes(of: [1])
      }
    }
    return make(try inputs[0].elementType.kernelNumber)
  }
}
