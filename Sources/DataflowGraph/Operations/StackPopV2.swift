import Tensors

/// Takes the last tensor off a stack. TensorFlow's `StackPopV2`, with the tensor's shape as an attribute:
/// sizes in it that are -1 are found out in the run.
public struct StackPopV2: Operation {
  public static let name = "StackPopV2"
  public static var tensorFlowForm: TensorFlowForm { TensorFlowForm(types: [:]) }
  public static var samples: [OperationSample] { [] }

  public let elementType: ElementType
  /// The sizes, nil for those that the run finds out.
  public let sizes: [Int?]

  public init(elementType: ElementType, sizes: [Int?]) {
    self.elementType = elementType
    self.sizes = sizes
  }

  public init(attributes: Attributes) throws {
    elementType = try attributes.type("elem_type")
    sizes = try attributes.ints("sizes").map { $0 < 0 ? nil : $0 }
  }

  public var attributes: Attributes {
    ["elem_type": .type(elementType), "sizes": .ints(sizes.map { $0 ?? -1 })]
  }

  public var isStateful: Bool { true }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    try expectHandle(inputs[0], "the stack")
    var late = LateSizes()
    let shape = SymbolicShape(sizes.map { $0.map { Dimension($0) } ?? late.next() })
    return [TensorSpec(elementType, shape)]
  }

  public func makeKernel(at site: KernelSite) -> any Kernel { StackPopKernel(site) }
}

private final class StackPopKernel: FunctionCallKernel {
  private let resources: ResourceStore
  private let rank: Int

  override init(_ site: KernelSite) {
    resources = site.resources
    rank = site.outputs[0].shape.rank
    super.init(site)
  }

  override func compute(_ context: borrowing KernelContext) throws -> [Tensor] {
    let stack = try resources.resource(context.inputs[0].handle, as: TensorStack.self)
    guard let tensor = stack.pop() else { throw GraphError("the stack is empty") }
    guard tensor.shape.rank == rank else {
      throw GraphError(
        "the stack's last tensor has the shape \(tensor.shape), expected rank \(rank)")
    }
    return [tensor]
  }
}
