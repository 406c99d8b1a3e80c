import Tensors

/// A tensor that a `Send` with the same three names left at the session's rendezvous; waits for it.
/// TensorFlow's `_Recv`, with the shape as an attribute.
public struct Recv: Operation {
  public static let name = "Recv"
  public static var samples: [OperationSample] { [] }
  public static var tensorFlowForm: TensorFlowForm { .none }

  let spec: TensorSpec
  let names: TransferNames
  /// Whether something else in the graph fixes the shape's named sizes.
  let knowsSizes: Bool

  /// - Parameters:
  ///   - spec: type and shape.
  ///   - knowsSizes: whether something else in the graph fixes the sizes with names; they are found out
  ///     in the run if not.
  public init(
    _ tensorName: String, _ spec: TensorSpec, from sender: String, to receiver: String,
    knowsSizes: Bool = false
  ) {
    self.spec = spec
    self.knowsSizes = knowsSizes
    names = TransferNames(tensor: tensorName, sender: sender, receiver: receiver)
  }

  public init(attributes: Attributes) throws {
    spec = TensorSpec(try attributes.type("tensor_type"), try attributes.shape("shape"))
    names = try TransferNames(attributes)
    knowsSizes = try attributes.bool("knows_sizes", default: false)
  }

  public var attributes: Attributes {
    var own: [String: AttributeValue] = [
      "tensor_type": .type(spec.elementType), "shape": .shape(spec.shape),
    ]
    if knowsSizes { own["knows_sizes"] = .bool(true) }
    return Attributes(own.merging(names.attributes) { $1 })
  }

  public var isStateful: Bool { true }
  public var mayBlock: Bool { true }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 0)
    if knowsSizes { return [spec] }
    var late = LateSizes()
    let sizes = spec.shape.dimensions.map { $0.known == nil ? late.next() : $0 }
    return [TensorSpec(spec.elementType, SymbolicShape(sizes))]
  }

  public func makeKernel(at site: KernelSite) -> any Kernel { RecvKernel(site, names) }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] { [] }
}

extension Graph {
  /// What a `send` with the same three names leaves at the session's rendezvous.
  public func receive(
    _ tensorName: String, _ type: ElementType, _ shape: SymbolicShape, from sender: String = "",
    to receiver: String = "", name: String? = nil
  ) throws -> Value {
    let operation = Recv(tensorName, TensorSpec(type, shape), from: sender, to: receiver)
    return try add(operation, [], name: name).output
  }
}

private final class RecvKernel: FunctionCallKernel {
  private let rendezvous: Rendezvous
  private let key: String
  private let node: String
  private let type: ElementType

  init(_ site: KernelSite, _ names: TransferNames) {
    rendezvous = site.resources.rendezvous
    key = names.key
    node = site.node.name
    type = site.outputs[0].elementType
    super.init(site)
  }

  override func compute(_ context: borrowing KernelContext) throws -> [Tensor] {
    guard
      let tensor = try rendezvous.receive(key: key, cancellation: context.state.cancellation)
    else { throw QueueEnded(node: node) }
    guard tensor.elementType == type else {
      throw GraphError("received \(tensor.elementType)\(tensor.shape), expected \(type)")
    }
    return [tensor]
  }
}
