import Tensors

/// Takes one element out of a queue, waiting for it. TensorFlow's `QueueDequeueV2`, with the queue's
/// shapes as an attribute.
public struct QueueDequeueV2: QueueUser {
  public static let name = "QueueDequeueV2"
  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(types: [:], own: ["shapes"])
  }

  public let componentTypes: [ElementType]
  public let shapes: [SymbolicShape]

  public init(componentTypes: [ElementType], shapes: [SymbolicShape]) {
    self.componentTypes = componentTypes
    self.shapes = shapes
  }

  public init(attributes: Attributes) throws {
    self.init(
      componentTypes: try attributes.types("component_types"),
      shapes: try attributes.shapes("shapes"))
  }

  public var attributes: Attributes {
    ["component_types": .types(componentTypes), "shapes": .shapes(shapes)]
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expectQueue(inputs, components: 0)
    var late = LateSizes()
    return outputSpecs(&late)
  }

  public func makeKernel(at site: KernelSite) -> any Kernel {
    DequeueKernel(site) { queue, cancellation in
      try queue.dequeue(1, cancellation: cancellation)?[0]
    }
  }
}
