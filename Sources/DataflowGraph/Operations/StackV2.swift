import Tensors

/// A stack of tensors that a session holds while it runs. TensorFlow's `StackV2`.
public struct StackV2: Operation {
  public static let name = "StackV2"
  public static var tensorFlowForm: TensorFlowForm { TensorFlowForm(types: [:]) }
  public static var samples: [OperationSample] { [] }

  public let elementType: ElementType

  public init(elementType: ElementType) { self.elementType = elementType }
  public init(attributes: Attributes) throws { elementType = try attributes.type("elem_type") }

  public var attributes: Attributes { ["elem_type": .type(elementType)] }
  public var isStateful: Bool { true }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 0)
    return [TensorSpec(.resource, .scalar)]
  }

  public func makeKernel(at site: KernelSite) -> any Kernel {
    let (name, resources) = (site.name, site.resources)
    return FunctionKernel { context in
      let handle = resources.handle(named: name) { TensorStack() }
      try resources.resource(handle, as: TensorStack.self).removeAll()
      context.outputs[0].handle = handle
    }
  }
}

/// What `StackPushV2` and `StackPopV2` work on.
final class TensorStack: Sendable {
  private let tensors = Guarded<[Tensor]>([])

  func push(_ tensor: Tensor) { tensors.withLock { $0.append(tensor) } }
  func pop() -> Tensor? { tensors.withLock { $0.popLast() } }
  func removeAll() { tensors.withLock { $0.removeAll() } }
}
