/// One node of TensorFlow's form of a graph.
public struct NodeDef: Sendable, Equatable {
  public var name: String
  /// The operation's name.
  public var op: String
  /// `node` for a node's first output, `node:1` for its second, `^node` for one that only runs
  /// before.
  public var inputs: [String]
  /// Where it runs, empty where that is open.
  public var device: String
  public var attributes: [String: AttrValue]

  public init(
    name: String, op: String, inputs: [String] = [], device: String = "",
    attributes: [String: AttrValue] = [:]
  ) {
    self.name = name
    self.op = op
    self.inputs = inputs
    self.device = device
    self.attributes = attributes
  }
}

extension NodeDef: ProtobufMessage {
  package init() { self.init(name: "", op: "") }

  package static let messageName = "NodeDef"
  package static let fields: [ProtobufField<Self>] = [
    .one(1, "name", \.name),
    .one(2, "op", \.op),
    .many(3, "input", \.inputs),
    .one(4, "device", \.device),
    .map(5, "attr", \.attributes),
    .ignored(6, "experimental_debug_info"),
    .ignored(7, "experimental_type"),
  ]
}
