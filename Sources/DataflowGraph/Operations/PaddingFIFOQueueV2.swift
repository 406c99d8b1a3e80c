import Tensors

/// A queue whose elements leave in the order they came; several of different sizes become one tensor with
/// zeros at the end of each dimension. TensorFlow's `PaddingFIFOQueueV2`.
public struct PaddingFIFOQueueV2: QueueOperation {
  public static let name = "PaddingFIFOQueueV2"

  public let componentTypes: [ElementType]
  public let shapes: [SymbolicShape]
  let capacity: Int

  /// - Parameters:
  ///   - shapes: of an element's tensors; sizes with names differ from element to element.
  ///   - capacity: how many elements wait at most; -1 for any number.
  public init(componentTypes: [ElementType], shapes: [SymbolicShape], capacity: Int = -1) {
    self.componentTypes = componentTypes
    self.shapes = shapes
    self.capacity = capacity
  }

  public init(attributes: Attributes) throws {
    self.init(
      componentTypes: try attributes.types("component_types"),
      shapes: try attributes.shapes("shapes"),
      capacity: try attributes.int("capacity", default: -1))
  }

  public var attributes: Attributes {
    [
      "component_types": .types(componentTypes), "shapes": .shapes(shapes),
      "capacity": .int(capacity),
    ]
  }

  public func makeQueue() -> TensorQueue {
    TensorQueue(capacity: capacity < 0 ? nil : capacity, components: components)
  }
}
