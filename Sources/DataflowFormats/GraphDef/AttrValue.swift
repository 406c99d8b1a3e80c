/// The value of a node's attribute in TensorFlow's form of a graph.
public enum AttrValue: Sendable, Equatable {
  /// Nothing is said.
  case unset
  /// Bytes, most often a text.
  case string([UInt8])
  case int(Int64)
  case float(Float)
  case bool(Bool)
  case type(DataType)
  case shape(TensorShapeProto)
  case tensor(TensorProto)
  case list(AttrList)
  case function(NameAttrList)
  /// In a function's body: the function's attribute whose value is meant.
  case placeholder(String)

  /// A text.
  public static func text(_ text: String) -> AttrValue { .string(Array(text.utf8)) }
}

/// A list of values of one kind.
public struct AttrList: Sendable, Equatable {
  public var strings: [[UInt8]] = []
  public var ints: [Int64] = []
  public var floats: [Float] = []
  public var bools: [Bool] = []
  public var types: [DataType] = []
  public var shapes: [TensorShapeProto] = []
  public var tensors: [TensorProto] = []
  public var functions: [NameAttrList] = []

  public init() {}
}

/// A function's name with its attributes.
public struct NameAttrList: Sendable, Equatable {
  public var name = ""
  public var attributes: [String: AttrValue] = [:]

  public init() {}

  /// A function of that name.
  public init(name: String, attributes: [String: AttrValue] = [:]) {
    self.name = name
    self.attributes = attributes
  }
}

extension AttrValue {
  fileprivate var calledFunction: NameAttrList? {
    if case .function(let value) = self { value } else { nil }
  }

  fileprivate var placeholderName: String? {
    if case .placeholder(let value) = self { value } else { nil }
  }
}

extension AttrValue: ProtobufMessage {
  package init() { self = .unset }

  // Not by its bytes: a value that is there is written, also one that is zero.
  package var isDefault: Bool { self == .unset }

  package static let messageName = "AttrValue"
  package static let fields: [ProtobufField<Self>] = [
    .choice(2, "s", { if case .string(let value) = $0 { value } else { nil } }, Self.string),
    .choice(3, "i", { if case .int(let value) = $0 { value } else { nil } }, Self.int),
    .choice(4, "f", { if case .float(let value) = $0 { value } else { nil } }, Self.float),
    .choice(5, "b", { if case .bool(let value) = $0 { value } else { nil } }, Self.bool),
    .choice(6, "type", { if case .type(let value) = $0 { value } else { nil } }, Self.type),
    .choice(7, "shape", { if case .shape(let value) = $0 { value } else { nil } }, Self.shape),
    .choice(8, "tensor", { if case .tensor(let value) = $0 { value } else { nil } }, Self.tensor),
    .choice(1, "list", { if case .list(let value) = $0 { value } else { nil } }, Self.list),
    .choice(10, "func", \.calledFunction, Self.function),
    .choice(9, "placeholder", \.placeholderName, Self.placeholder),
  ]
}

extension AttrList: ProtobufMessage {
  package static let messageName = "AttrValue.ListValue"
  package static let fields: [ProtobufField<Self>] = [
    .many(2, "s", \.strings),
    .many(3, "i", \.ints),
    .many(4, "f", \.floats),
    .many(5, "b", \.bools),
    .many(6, "type", \.types),
    .many(7, "shape", \.shapes),
    .many(8, "tensor", \.tensors),
    .many(9, "func", \.functions),
  ]
}

extension NameAttrList: ProtobufMessage {
  package static let messageName = "NameAttrList"
  package static let fields: [ProtobufField<Self>] = [
    .one(1, "name", \.name),
    .map(2, "attr", \.attributes),
  ]
}
