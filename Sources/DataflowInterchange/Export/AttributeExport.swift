import DataflowFormats
import DataflowGraph

extension AttrValue {
  /// An attribute in TensorFlow's form; sizes with names are unknown ones there.
  ///
  /// - Throws: `GraphError` for a function, and for a number that is infinite in single precision.
  init(_ value: AttributeValue) throws {
    var list = AttrList()
    switch value {
    case .int(let number): self = .int(Int64(number))
    case .float(let number): self = .float(try Self.single(number))
    case .bool(let flag): self = .bool(flag)
    case .string(let text): self = .text(text)
    case .type(let type): self = .type(DataType(type))
    case .shape(let shape): self = .shape(TensorShapeProto(shape))
    case .tensor(let tensor): self = .tensor(TensorProto(tensor))
    case .ints(let numbers):
      list.ints = numbers.map { Int64($0) }
      self = .list(list)
    case .floats(let numbers):
      list.floats = try numbers.map { try Self.single($0) }
      self = .list(list)
    case .strings(let texts):
      list.strings = texts.map { Array($0.utf8) }
      self = .list(list)
    case .types(let types):
      list.types = types.map { DataType($0) }
      self = .list(list)
    case .shapes(let shapes):
      list.shapes = shapes.map { TensorShapeProto($0) }
      self = .list(list)
    case .function(let function):
      throw GraphError("the function \(function.name) has no form that TensorFlow knows")
    }
  }

  private static func single(_ number: Double) throws -> Float {
    let single = Float(number)
    guard single.isFinite || !number.isFinite else {
      throw GraphError("\(number) is beyond single precision, which TensorFlow's attributes have")
    }
    return single
  }
}

extension TensorShapeProto {
  init(_ shape: SymbolicShape) { self.init(sizes: shape.dimensions.map { $0.known ?? -1 }) }
}
