/// The functions that a graph's nodes call.
public struct FunctionDefLibrary: Sendable, Equatable {
  public var functions: [FunctionDef] = []
  public var gradients: [GradientDef] = []

  public init() {}
}

/// A function: its signature and the nodes of its body.
///
/// In the body, `argument` is an argument, `node:output:0` the first tensor of a node's output of that
/// name.
public struct FunctionDef: Sendable, Equatable {
  public var signature = OpDef()
  public var attributes: [String: AttrValue] = [:]
  /// Attributes of arguments by the arguments' numbers.
  public var argumentAttributes: [UInt32: ArgumentAttributes] = [:]
  /// Which of several arguments are one resource.
  public var uniqueResources: [UInt32: UInt32] = [:]
  public var nodes: [NodeDef] = []
  /// The tensors in the body that the outputs are, by the outputs' names.
  public var results: [String: String] = [:]
  /// The nodes that run whether or not an output needs them.
  public var controlResults: [String: String] = [:]

  public init() {}

  /// Attributes of one argument.
  public struct ArgumentAttributes: Sendable, Equatable {
    public var attributes: [String: AttrValue] = [:]

    public init() {}
  }
}

/// Which function is another one's gradient.
public struct GradientDef: Sendable, Equatable {
  public var function = ""
  public var gradient = ""

  public init() {}
}

extension FunctionDefLibrary: ProtobufMessage {
  package static let messageName = "FunctionDefLibrary"
  package static let fields: [ProtobufField<Self>] = [
    .many(1, "function", \.functions),
    .many(2, "gradient", \.gradients),
    .ignored(3, "registered_gradients"),
  ]
}

extension FunctionDef: ProtobufMessage {
  package static let messageName = "FunctionDef"
  package static let fields: [ProtobufField<Self>] = [
    .one(1, "signature", \.signature),
    .map(5, "attr", \.attributes),
    .map(7, "arg_attr", \.argumentAttributes),
    .map(8, "resource_arg_unique_id", \.uniqueResources),
    .many(3, "node_def", \.nodes),
    .map(4, "ret", \.results),
    .map(6, "control_ret", \.controlResults),
  ]
}

extension FunctionDef.ArgumentAttributes: ProtobufMessage {
  package static let messageName = "FunctionDef.ArgAttrs"
  package static let fields: [ProtobufField<Self>] = [.map(1, "attr", \.attributes)]
}

extension GradientDef: ProtobufMessage {
  package static let messageName = "GradientDef"
  package static let fields: [ProtobufField<Self>] = [
    .one(1, "function_name", \.function),
    .one(2, "gradient_func", \.gradient),
  ]
}
