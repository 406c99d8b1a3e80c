import Tensors

/// The value of an operation's attribute.
public enum AttributeValue: Sendable, Equatable, CustomStringConvertible {
  case int(Int)
  case ints([Int])
  case float(Double)
  case bool(Bool)
  case string(String)
  case type(ElementType)
  case shape(SymbolicShape)
  case tensor(Tensor)

  public var description: String {
    switch self {
    case .int(let value): "\(value)"
    case .ints(let values): "\(values)"
    case .float(let value): "\(value)"
    case .bool(let value): "\(value)"
    case .string(let value): "\"\(value)\""
    case .type(let value): "\(value)"
    case .shape(let value): "\(value)"
    case .tensor(let value): "\(value)"
    }
  }
}

/// An operation's attributes by TensorFlow's names.
public struct Attributes: Sendable, Equatable, ExpressibleByDictionaryLiteral {
  public private(set) var values: [String: AttributeValue]

  public init(dictionaryLiteral elements: (String, AttributeValue)...) {
    values = Dictionary(uniqueKeysWithValues: elements)
  }

  /// The attribute's value as the type that `read` finds in it.
  ///
  /// - Throws: `GraphError` where it is missing or of another type.
  private func value<T>(_ name: String, _ read: (AttributeValue) -> T?) throws -> T {
    guard let value = values[name] else {
      throw GraphError(
        "attribute \(name) is missing; there are: \(values.keys.sorted().joined(separator: ", "))")
    }
    guard let result = read(value) else {
      throw GraphError("attribute \(name) = \(value): expected \(T.self)")
    }
    return result
  }

  public func int(_ name: String) throws -> Int {
    try value(name) { if case .int(let value) = $0 { value } else { nil } }
  }
  public func ints(_ name: String) throws -> [Int] {
    try value(name) { if case .ints(let value) = $0 { value } else { nil } }
  }
  public func float(_ name: String) throws -> Double {
    try value(name) { if case .float(let value) = $0 { value } else { nil } }
  }
  public func bool(_ name: String) throws -> Bool {
    try value(name) { if case .bool(let value) = $0 { value } else { nil } }
  }
  public func string(_ name: String) throws -> String {
    try value(name) { if case .string(let value) = $0 { value } else { nil } }
  }
  public func type(_ name: String) throws -> ElementType {
    try value(name) { if case .type(let value) = $0 { value } else { nil } }
  }
  public func shape(_ name: String) throws -> SymbolicShape {
    try value(name) { if case .shape(let value) = $0 { value } else { nil } }
  }
  public func tensor(_ name: String) throws -> Tensor {
    try value(name) { if case .tensor(let value) = $0 { value } else { nil } }
  }
}
