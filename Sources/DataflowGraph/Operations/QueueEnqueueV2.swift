import Tensors

/// Puts an element into a queue, waiting for room. TensorFlow's `QueueEnqueueV2`.
///
/// Inputs: the queue, the element's tensors.
public struct QueueEnqueueV2: QueueUser {
  public static let name = "QueueEnqueueV2"
  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(types: ["Tcomponents": .inputs(from: 1)])
  }

  var componentTypes: [ElementType] { [] }
  var shapes: [SymbolicShape] { [] }

  public init() {}
  public init(attributes: Attributes) {}

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expectQueue(inputs, components: max(1, inputs.count - 1))
    return []
  }

  public func makeKernel(at site: KernelSite) -> any Kernel {
    let (node, resources, types) = (site.node.name, site.resources, site.inputs.map(\.elementType))
    return FunctionKernel { context in
      let queue = try resources.resource(context.inputs[0].handle, as: TensorQueue.self)
      var element: [Tensor] = []
      for index in 1..<types.count {
        element.append(context.inputs[index].tensor(of: types[index]))
      }
      let outcome = try queue.enqueue([element], cancellation: context.state.cancellation)
      if case .ended = outcome { throw QueueEnded(node: node, isEnqueue: true) }
    }
  }
}
