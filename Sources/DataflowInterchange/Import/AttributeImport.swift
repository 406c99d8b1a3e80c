import DataflowFormats
import DataflowGraph
import Tensors

extension AttributeValue {
  /// A value of TensorFlow's, nil where there is no such value here.
  init?(_ value: AttrValue) {
    switch value {
    case .int(let number): self = .int(Int(number))
    case .float(let number): self = .float(Double(number))
    case .bool(let flag): self = .bool(flag)
    case .string(let bytes):
      guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
      self = .string(text)
    case .type(let type):
      guard let elementType = type.elementType else { return nil }
      self = .type(elementType)
    case .shape(let shape):
      guard let sizes = shape.knownSizes else { return nil }
      self = .shape(SymbolicShape(sizes.map { Dimension($0) }))
    case .tensor(let proto):
      guard let tensor = try? proto.tensor() else { return nil }
      self = .tensor(tensor)
    case .list(let list): self.init(list)
    case .unset, .function, .placeholder: return nil
    }
  }

  private init?(_ list: AttrList) {
    if !list.floats.isEmpty {
      self = .floats(list.floats.map(Double.init))
    } else if !list.strings.isEmpty {
      let texts = list.strings.compactMap { String(validating: $0, as: UTF8.self) }
      guard texts.count == list.strings.count else { return nil }
      self = .strings(texts)
    } else if !list.types.isEmpty {
      let types = list.types.compactMap(\.elementType)
      guard types.count == list.types.count else { return nil }
      self = .types(types)
    } else if !list.shapes.isEmpty {
      let shapes = list.shapes.compactMap(\.knownSizes)
      guard shapes.count == list.shapes.count else { return nil }
      self = .shapes(shapes.map { SymbolicShape($0.map { Dimension($0) }) })
    } else {
      self = .ints(list.ints.map { Int($0) })
    }
  }
}

extension TensorShapeProto {
  /// The sizes where all are known, else nil.
  var knownSizes: [Int]? {
    guard let sizes else { return nil }
    let known = sizes.compactMap { $0 }
    return known.count == sizes.count ? known : nil
  }
}

extension NodeDef {
  /// The attributes that have a value here, without those that only TensorFlow's own programs read.
  var importedAttributes: Attributes {
    let kept = attributes.filter { !$0.key.hasPrefix("_") }
    return Attributes(kept.compactMapValues { AttributeValue($0) })
  }

  /// The type that an attribute names.
  ///
  /// - Throws: `GraphError` where it is missing or no type of tensors here.
  func elementType(_ name: String) throws -> ElementType {
    guard case .type(let type)? = attributes[name] else {
      throw error("attribute \(name) is missing or no type")
    }
    guard let elementType = type.elementType else {
      let names = ElementType.allCases.map { DataType($0).name }.joined(separator: ", ")
      throw error("attribute \(name) = \(type): there are no such tensors; allowed: \(names)")
    }
    return elementType
  }

  /// - Throws: `GraphError` for the first type that no tensors here have.
  func requireTypes() throws {
    for (name, value) in attributes.sorted(by: { $0.key < $1.key }) {
      if case .type = value { _ = try elementType(name) }
    }
  }

  /// The node whose device this one is to share, as `_class` says.
  var colocation: String? {
    guard case .list(let list)? = attributes["_class"] else { return nil }
    let names = list.strings.map { String(decoding: $0, as: UTF8.self) }
    return names.first { $0.hasPrefix("loc:@") }.map { String($0.dropFirst(5)) }
  }
}
