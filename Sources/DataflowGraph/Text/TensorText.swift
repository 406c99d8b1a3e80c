import Tensors

extension Tensor {
  /// `float[2] [0.5, -inf]`: the shortest numbers that give the same elements when they are read.
  ///
  /// - Parameter elementLimit: how many elements are written, with `…` for the others; all if nil.
  package func text(elementLimit: Int? = nil) -> String {
    func elements<T: TensorElement>(_: T.Type) -> String {
      withElements(as: T.self) { elements in
        let shown = elements.prefix(elementLimit ?? elements.count)
        return shown.map(Self.text).joined(separator: ", ")
          + (shown.count < elements.count ? ", …" : "")
      }
    }
    let list =
      switch elementType {
      case .float32: elements(Float.self)
      case .float64: elements(Double.self)
      case .float16: elements(Float16.self)
      case .int32: elements(Int32.self)
      case .int64: elements(Int64.self)
      case .uint8: elements(UInt8.self)
      case .bool: elements(Bool.self)
      case .resource: ""
      }
    return "\(elementType)\(shape) [\(list)]"
  }

  /// An element; every kind of NaN is the usual one.
  private static func text(_ element: some TensorElement) -> String {
    element == element ? "\(element)" : "nan"
  }
}

extension GraphBuilder {
  /// The tensor of a type and a list of elements, one for each place or one for all.
  func tensor(
    _ spec: TensorSpec, _ list: Expression, in scope: LanguageScope
  ) throws -> Tensor {
    guard let shape = spec.shape.known else {
      throw error("a tensor's sizes must be known, found \(spec)", list.offset)
    }
    let texts = try elements(list, in: scope)
    func tensor<T: TensorElement>(_ read: (String) -> T?) throws -> Tensor {
      let elements = try texts.map { text in
        guard let element = read(text) else {
          throw error("\(text) is no \(spec.elementType)", list.offset)
        }
        return element
      }
      guard elements.count == shape.elementCount(atMost: .max) else {
        let count = shape.elementCount(atMost: .max).map { "\($0)" } ?? "too many"
        throw error("\(elements.count) elements for \(spec), which has \(count)", list.offset)
      }
      return Tensor(shape: shape, scalars: elements)
    }
    switch spec.elementType {
    case .float32: return try tensor { Self.held(Float($0), $0) }
    case .float64: return try tensor { Self.held(Double($0), $0) }
    case .float16: return try tensor { Self.held(Float16($0), $0) }
    case .int32: return try tensor { Int32($0) }
    case .int64: return try tensor { Int64($0) }
    case .uint8: return try tensor { UInt8($0) }
    case .bool: return try tensor { Bool($0) }
    case .resource: throw error("a resource has no elements", list.offset)
    }
  }

  /// Nil for a number that the type does not hold: only what says so is infinite.
  private static func held<T: BinaryFloatingPoint>(_ number: T?, _ text: String) -> T? {
    guard let number, number.isInfinite, !text.contains("inf") else { return number }
    return nil
  }

  /// The texts of numbers in a list, or in lists of lists; those that were written stay as they are, so
  /// that every type reads them exactly.
  private func elements(_ list: Expression, in scope: LanguageScope) throws -> [String] {
    switch list.kind {
    case .literals(let texts): return texts
    case .list(let parts): return try parts.flatMap { try elements($0, in: scope) }
    default: return try elements(of: try evaluate(list, in: scope), list.offset)
    }
  }

  private func elements(of value: LanguageValue, _ offset: Int) throws -> [String] {
    switch value {
    case .int(let number): return ["\(number)"]
    case .real(let number): return ["\(number)"]
    case .bool(let truth): return ["\(truth)"]
    case .list(let parts): return try parts.flatMap { try elements(of: $0, offset) }
    default: throw error("\(value.kind) is no element of a tensor", offset)
    }
  }
}
