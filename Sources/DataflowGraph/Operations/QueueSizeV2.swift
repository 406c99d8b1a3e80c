import Tensors

/// How many elements are in a queue, `int32`. TensorFlow's `QueueSizeV2`.
public struct QueueSizeV2: QueueUser {
  public static let name = "QueueSizeV2"
  public static var tensorFlowForm: TensorFlowForm { TensorFlowForm(types: [:]) }

  var componentTypes: [ElementType] { [] }
  var shapes: [SymbolicShape] { [] }

  public init() {}
  public init(attributes: Attributes) {}

  public var mayBlock: Bool { false }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expectQueue(inputs, components: 0)
    return [TensorSpec(.int32, .scalar)]
  }

  public func makeKernel(at site: KernelSite) -> any Kernel {
    let resources = site.resources
    return FunctionKernel { context in
      let queue = try resources.resource(context.inputs[0].handle, as: TensorQueue.self)
      context.outputs[0].elements(Int32.self)[0] = Int32(queue.count)
    }
  }
}
