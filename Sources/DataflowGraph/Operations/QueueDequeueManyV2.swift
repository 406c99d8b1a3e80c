import Tensors

/// Takes several elements out of a queue, waiting for them: each component as one tensor
/// `[count, …]`. TensorFlow's `QueueDequeueManyV2`, with the number and the queue's shapes as attributes.
public struct QueueDequeueManyV2: QueueUser {
  public static let name = "QueueDequeueManyV2"
  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(operands: [.init("n", at: 1, .int)], types: [:], own: ["shapes", "pads"])
  }

  public let componentTypes: [ElementType]
  public let shapes: [SymbolicShape]
  let count: Int
  let pads: Bool

  /// - Parameter pads: whether the queue is a `PaddingFIFOQueueV2`.
  public init(
    _ count: Int, componentTypes: [ElementType], shapes: [SymbolicShape], pads: Bool = false
  ) {
    self.count = count
    self.componentTypes = componentTypes
    self.shapes = shapes
    self.pads = pads
  }

  public init(attributes: Attributes) throws {
    self.init(
      try attributes.int("n"), componentTypes: try attributes.types("component_types"),
      shapes: try attributes.shapes("shapes"), pads: try attributes.bool("pads", default: false))
    guard count > 0 else { throw GraphError("attribute n = \(count): must be positive") }
  }

  public var attributes: Attributes {
    [
      "n": .int(count), "component_types": .types(componentTypes), "shapes": .shapes(shapes),
      "pads": .bool(pads),
    ]
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expectQueue(inputs, components: 0)
    var late = LateSizes()
    let leading = Dimension(count)
    return outputSpecs(&late, leading: leading)
  }

  public func makeKernel(at site: KernelSite) -> any Kernel {
    DequeueKernel(site) { [count, pads] queue, cancellation in
      try queue.dequeue(count, takesFewer: false, cancellation: cancellation)
        .map { try batch($0, pads: pads) }
    }
  }
}
