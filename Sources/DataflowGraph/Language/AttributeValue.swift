import Tensors

/// The value of an operation's attribute.
public enum AttributeValue: Sendable, Equatable {
  case int(Int)
  case ints([Int])
  case float(Double)
  case floats([Double])
  case bool(Bool)
  case string(String)
  case strings([String])
  case type(ElementType)
  case types([ElementType])
  case shape(SymbolicShape)
  case shapes([SymbolicShape])
  case tensor(Tensor)
  case function(GraphFunction)
}

extension AttributeValue {
  /// Whether it is a list without elements, which does not say of what.
  fileprivate var isEmptyList: Bool { self == .ints([]) }
}

/// An operation's attributes by TensorFlow's names.
public struct Attributes: Sendable, Equatable, ExpressibleByDictionaryLiteral {
  public private(set) var values: [String: AttributeValue]

  public init(_ values: [String: AttributeValue]) { self.values = values }

  public init(dictionaryLiteral elements: (String, AttributeValue)...) {
    values = Dictionary(uniqueKeysWithValues: elements)
  }

  public subscript(name: String) -> AttributeValue? {
    get { values[name] }
    set { values[name] = newValue }
  }

  /// The attribute's value as the type that `read` finds in it; `standard` where it is missing.
  ///
  /// - Throws: `GraphError` where it is of another type, or missing without a standard value.
  private func value<T>(
    _ name: String, _ standard: T?, _ read: (AttributeValue) -> T?
  ) throws -> T {
    guard let value = values[name] else {
      if let standard { return standard }
      let others = values.keys.sorted().joined(separator: ", ")
      throw GraphError(
        "attribute \(name) is missing\(others.isEmpty ? "" : "; there are: \(others)")")
    }
    guard let result = read(value) else {
      throw GraphError("attribute \(name) = \(value): expected \(T.self)")
    }
    return result
  }

  public func int(_ name: String, default standard: Int? = nil) throws -> Int {
    try value(name, standard) { if case .int(let value) = $0 { value } else { nil } }
  }

  /// A list of whole numbers; a shape of known sizes is one too.
  public func ints(_ name: String, default standard: [Int]? = nil) throws -> [Int] {
    try value(name, standard) {
      switch $0 {
      case .ints(let values): values
      case .shape(let shape): shape.numbers
      default: nil
      }
    }
  }

  /// A number; whole ones too.
  public func float(_ name: String, default standard: Double? = nil) throws -> Double {
    try value(name, standard) {
      switch $0 {
      case .float(let value): value
      case .int(let value): Double(value)
      default: nil
      }
    }
  }

  public func floats(_ name: String, default standard: [Double]? = nil) throws -> [Double] {
    try value(name, standard) {
      switch $0 {
      case .floats(let values): values
      case .ints(let values): values.map(Double.init)
      case .shape(let shape): shape.numbers?.map(Double.init)
      default: nil
      }
    }
  }

  public func bool(_ name: String, default standard: Bool? = nil) throws -> Bool {
    try value(name, standard) { if case .bool(let value) = $0 { value } else { nil } }
  }

  public func string(_ name: String, default standard: String? = nil) throws -> String {
    try value(name, standard) { if case .string(let value) = $0 { value } else { nil } }
  }

  public func strings(_ name: String, default standard: [String]? = nil) throws -> [String] {
    try value(name, standard) {
      if case .strings(let values) = $0 { values } else { $0.isEmptyList ? [] : nil }
    }
  }

  public func type(_ name: String, default standard: ElementType? = nil) throws -> ElementType {
    try value(name, standard) { if case .type(let value) = $0 { value } else { nil } }
  }

  public func types(_ name: String, default standard: [ElementType]? = nil) throws -> [ElementType]
  {
    try value(name, standard) {
      if case .types(let values) = $0 { values } else { $0.isEmptyList ? [] : nil }
    }
  }

  /// Sizes; a list of whole numbers is one too.
  public func shape(_ name: String, default standard: SymbolicShape? = nil) throws -> SymbolicShape
  {
    try value(name, standard) {
      switch $0 {
      case .shape(let value): value
      case .ints(let values): SymbolicShape(values.map { Dimension($0) })
      default: nil
      }
    }
  }

  public func shapes(_ name: String, default standard: [SymbolicShape]? = nil) throws
    -> [SymbolicShape]
  {
    try value(name, standard) {
      if case .shapes(let values) = $0 { values } else { $0.isEmptyList ? [] : nil }
    }
  }

  /// One size: a shape of one dimension, or a whole number.
  public func dimension(_ name: String, default standard: Dimension? = nil) throws -> Dimension {
    try value(name, standard) {
      switch $0 {
      case .int(let value): Dimension(value)
      case .shape(let shape): shape.rank == 1 ? shape[0] : nil
      case .ints(let values): values.count == 1 ? Dimension(values[0]) : nil
      default: nil
      }
    }
  }

  public func tensor(_ name: String, default standard: Tensor? = nil) throws -> Tensor {
    try value(name, standard) { if case .tensor(let value) = $0 { value } else { nil } }
  }

  public func function(_ name: String) throws -> GraphFunction {
    try value(name, nil) { if case .function(let value) = $0 { value } else { nil } }
  }
}

extension SymbolicShape {
  /// The elements where all are numbers; places counted from the back are negative.
  fileprivate var numbers: [Int]? {
    let known = dimensions.compactMap(\.known)
    return known.count == rank ? known : nil
  }
}
