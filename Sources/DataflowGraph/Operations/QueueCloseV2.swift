import Tensors

/// Closes a queue: nothing more goes in. TensorFlow's `QueueCloseV2`.
public struct QueueCloseV2: QueueUser {
  public static let name = "QueueCloseV2"
  public static var tensorFlowForm: TensorFlowForm { TensorFlowForm(types: [:]) }

  var componentTypes: [ElementType] { [] }
  var shapes: [SymbolicShape] { [] }
  let cancelPendingEnqueues: Bool

  /// - Parameter cancelPendingEnqueues: whether those who wait for room give up.
  public init(cancelPendingEnqueues: Bool = false) {
    self.cancelPendingEnqueues = cancelPendingEnqueues
  }

  public init(attributes: Attributes) throws {
    self.init(
      cancelPendingEnqueues: try attributes.bool("cancel_pending_enqueues", default: false))
  }

  public var attributes: Attributes { ["cancel_pending_enqueues": .bool(cancelPendingEnqueues)] }
  public var mayBlock: Bool { false }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expectQueue(inputs, components: 0)
    return []
  }

  public func makeKernel(at site: KernelSite) -> any Kernel {
    let (resources, cancels) = (site.resources, cancelPendingEnqueues)
    return FunctionKernel { context in
      try resources.resource(context.inputs[0].handle, as: TensorQueue.self)
        .close(cancelsPending: cancels)
    }
  }
}
