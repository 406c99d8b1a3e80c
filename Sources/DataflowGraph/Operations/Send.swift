import Tensors

/// Leaves the input at the session's rendezvous for a `Recv` with the same three names. TensorFlow's
/// `_Send`.
public struct Send: Operation {
  public static let name = "Send"
  public static var samples: [OperationSample] { [] }
  public static var tensorFlowForm: TensorFlowForm { .none }

  let names: TransferNames

  /// - Parameters:
  ///   - tensorName: what is sent.
  ///   - sender: the device that has it.
  ///   - receiver: the device that wants it.
  public init(_ tensorName: String, from sender: String, to receiver: String) {
    names = TransferNames(tensor: tensorName, sender: sender, receiver: receiver)
  }

  public init(attributes: Attributes) throws { names = try TransferNames(attributes) }

  public var attributes: Attributes { Attributes(names.attributes) }
  public var isStateful: Bool { true }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    try expectSameType(inputs, among: .all)
    return []
  }

  public func makeKernel(at site: KernelSite) -> any Kernel {
    let (rendezvous, key) = (site.resources.rendezvous, names.key)
    let (type, node) = (site.inputs[0].elementType, site.node.name)
    return FunctionKernel { context in
      guard try rendezvous.send(context.inputs[0].tensor(of: type), key: key) else {
        throw QueueEnded(node: node, isEnqueue: true)
      }
    }
  }
}

/// What a tensor on its way is known by.
struct TransferNames: Sendable {
  let tensor: String
  let sender: String
  let receiver: String

  init(tensor: String, sender: String, receiver: String) {
    (self.tensor, self.sender, self.receiver) = (tensor, sender, receiver)
  }

  init(_ attributes: Attributes) throws {
    tensor = try attributes.string("tensor_name")
    sender = try attributes.string("send_device")
    receiver = try attributes.string("recv_device")
  }

  var attributes: [String: AttributeValue] {
    [
      "tensor_name": .string(tensor), "send_device": .string(sender),
      "recv_device": .string(receiver),
    ]
  }

  var key: String { "\(sender);\(receiver);\(tensor)" }
}

/// Leaves `x` at the session's rendezvous for a `receive` with the same three names.
///
/// - Returns: the node, a target of the run that sends.
public func send(
  _ x: Value, as tensorName: String, from sender: String = "", to receiver: String = "",
  name: String? = nil
) throws -> Node {
  try x.graph.add(Send(tensorName, from: sender, to: receiver), [x], name: name)
}
