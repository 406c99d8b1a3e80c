import Tensors

/// A queue whose elements leave in random order. TensorFlow's `RandomShuffleQueueV2`.
public struct RandomShuffleQueueV2: QueueOperation {
  public static let name = "RandomShuffleQueueV2"

  public let componentTypes: [ElementType]
  public let shapes: [SymbolicShape]
  let capacity: Int
  let minAfterDequeue: Int
  let seed: Int
  let seed2: Int

  /// - Parameters:
  ///   - minAfterDequeue: so many elements stay in the queue until it is closed, so that there is
  ///     something to choose from.
  ///   - seed: equal seeds, equal orders.
  public init(
    componentTypes: [ElementType], shapes: [SymbolicShape], capacity: Int = -1,
    minAfterDequeue: Int = 0, seed: Int = 0, seed2: Int = 0
  ) {
    self.componentTypes = componentTypes
    self.shapes = shapes
    self.capacity = capacity
    self.minAfterDequeue = minAfterDequeue
    self.seed = seed
    self.seed2 = seed2
  }

  public init(attributes: Attributes) throws {
    self.init(
      componentTypes: try attributes.types("component_types"),
      shapes: try attributes.shapes("shapes"),
      capacity: try attributes.int("capacity", default: -1),
      minAfterDequeue: try attributes.int("min_after_dequeue", default: 0),
      seed: try attributes.int("seed", default: 0), seed2: try attributes.int("seed2", default: 0))
    guard minAfterDequeue >= 0, capacity < 0 || minAfterDequeue < capacity else {
      throw GraphError(
        "attribute min_after_dequeue = \(minAfterDequeue): must be 0 or more, and below the capacity"
          + " \(capacity)")
    }
  }

  public var attributes: Attributes {
    [
      "component_types": .types(componentTypes), "shapes": .shapes(shapes),
      "capacity": .int(capacity), "min_after_dequeue": .int(minAfterDequeue), "seed": .int(seed),
      "seed2": .int(seed2),
    ]
  }

  public func makeQueue() -> TensorQueue {
    let key = UInt64(bitPattern: Int64(seed)) << 32 ^ UInt64(bitPattern: Int64(seed2))
    return TensorQueue(
      capacity: capacity < 0 ? nil : capacity,
      order: .shuffled(minimum: minAfterDequeue, seed: key), components: components)
  }
}
