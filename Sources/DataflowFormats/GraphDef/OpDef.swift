/// What a function takes and returns.
public struct OpDef: Sendable, Equatable {
  public var name = ""
  public var inputs: [Argument] = []
  public var outputs: [Argument] = []
  public var controlOutputs: [String] = []
  public var attributes: [Attribute] = []
  public var summary = ""
  public var details = ""
  public var isAggregate = false
  public var isStateful = false
  public var isCommutative = false
  public var allowsUninitializedInput = false
  public var isDistributedCommunication = false

  public init() {}

  /// One argument or output; its type is given or is an attribute's value.
  public struct Argument: Sendable, Equatable {
    public var name = ""
    public var details = ""
    public var type = DataType.invalid
    public var typeAttribute = ""
    /// The attribute that says how many tensors the argument is, empty for one.
    public var numberAttribute = ""
    public var typeListAttribute = ""
    public var isReference = false

    public init() {}
  }

  /// One attribute.
  public struct Attribute: Sendable, Equatable {
    public var name = ""
    /// `int`, `type`, `list(shape)` …
    public var type = ""
    public var standard = AttrValue.unset
    public var details = ""
    public var hasMinimum = false
    public var minimum: Int64 = 0
    public var allowed = AttrValue.unset

    public init() {}
  }
}

extension OpDef: ProtobufMessage {
  package static let messageName = "OpDef"
  package static let fields: [ProtobufField<Self>] = [
    .one(1, "name", \.name),
    .many(2, "input_arg", \.inputs),
    .many(3, "output_arg", \.outputs),
    .many(20, "control_output", \.controlOutputs),
    .many(4, "attr", \.attributes),
    .ignored(8, "deprecation"),
    .one(5, "summary", \.summary),
    .one(6, "description", \.details),
    .one(18, "is_commutative", \.isCommutative),
    .one(16, "is_aggregate", \.isAggregate),
    .one(17, "is_stateful", \.isStateful),
    .one(19, "allows_uninitialized_input", \.allowsUninitializedInput),
    .one(21, "is_distributed_communication", \.isDistributedCommunication),
  ]
}

extension OpDef.Argument: ProtobufMessage {
  package static let messageName = "OpDef.ArgDef"
  package static let fields: [ProtobufField<Self>] = [
    .one(1, "name", \.name),
    .one(2, "description", \.details),
    .one(3, "type", \.type),
    .one(4, "type_attr", \.typeAttribute),
    .one(5, "number_attr", \.numberAttribute),
    .one(6, "type_list_attr", \.typeListAttribute),
    .ignored(7, "handle_data"),
    .one(16, "is_ref", \.isReference),
    .ignored(17, "experimental_full_type"),
  ]
}

extension OpDef.Attribute: ProtobufMessage {
  package static let messageName = "OpDef.AttrDef"
  package static let fields: [ProtobufField<Self>] = [
    .one(1, "name", \.name),
    .one(2, "type", \.type),
    .one(3, "default_value", \.standard),
    .one(4, "description", \.details),
    .one(5, "has_minimum", \.hasMinimum),
    .one(6, "minimum", \.minimum),
    .one(7, "allowed_values", \.allowed),
  ]
}
