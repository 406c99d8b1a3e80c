import Tensors

/// Puts its second input on the stack that the first one stands for, and returns it. TensorFlow's
/// `StackPushV2`.
public struct StackPushV2: Operation {
  public static let name = "StackPushV2"
  public static var samples: [OperationSample] { [] }
  public static var tensorFlowForm: TensorFlowForm { TensorFlowForm(types: ["T": .input(1)]) }

  public init() {}
  public init(attributes: Attributes) {}

  public var isStateful: Bool { true }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 2)
    try expectHandle(inputs[0], "the stack")
    return [TensorSpec(inputs[1].elementType, inputs[1].shape)]
  }

  public func makeKernel(at site: KernelSite) -> any Kernel {
    let (type, resources) = (site.inputs[1].elementType, site.resources)
    return FunctionKernel { context in
      let stack = try resources.resource(context.inputs[0].handle, as: TensorStack.self)
      let tensor = context.inputs[1].tensor(of: type)
      stack.push(tensor)
      tensor.withBytes { context.outputs[0].fill(from: $0) }
    }
  }
}
