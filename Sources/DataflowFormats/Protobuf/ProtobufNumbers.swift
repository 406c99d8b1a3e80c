import ProtobufWire

/// A number that protocol buffers write with as many bytes as it needs.
protocol ProtobufVarint: ProtobufValue, Equatable {
  init(bits: UInt64)
  var bits: UInt64 { get }
  /// The number as text.
  var text: String { get }
  /// The number that a word or number of a text is, nil where it is none.
  init?(word: String)
  /// What words are allowed, for errors.
  static var expectation: String { get }
}

extension ProtobufVarint {
  package var isDefault: Bool { bits == 0 }

  package mutating func merge(
    _ field: ProtobufReader.Field, of reader: ProtobufReader
  ) throws(FormatError) {
    guard case .varint(let bits) = field else { throw reader.wrongType(Self.expectation) }
    self = Self(bits: bits)
  }

  package static func append(
    _ field: ProtobufReader.Field, of reader: ProtobufReader, to list: inout [Self]
  ) throws(FormatError) {
    switch field {
    case .varint(let bits): list.append(Self(bits: bits))
    case .bytes(let packed):
      var numbers = reader.nested(packed)
      while !numbers.isAtEnd { list.append(Self(bits: try numbers.varint())) }
    default: throw reader.wrongType(expectation)
    }
  }

  package func write(_ number: Int, to writer: inout ProtobufWriter) {
    writer.field(number, varint: bits)
  }

  package static func write(_ list: [Self], _ number: Int, to writer: inout ProtobufWriter) {
    guard !list.isEmpty else { return }
    writer.field(number, length: list.reduce(0) { $0 + ProtobufWriter.size(varint: $1.bits) })
    for element in list { writer.varint(element.bits) }
  }

  package mutating func merge(text: inout ProtobufTextReader) throws(FormatError) {
    self = try text.scalar { text throws(FormatError) in
      try text.word(Self.expectation) { Self(word: $0) }
    }
  }

  package func write(_ name: String, to writer: inout ProtobufTextWriter) {
    writer.field(name, text)
  }
}

extension ProtobufVarint where Self: FixedWidthInteger {
  init(bits: UInt64) { self.init(truncatingIfNeeded: bits) }
  // Negative numbers are ten bytes long, also those of 32 bits.
  var bits: UInt64 { UInt64(truncatingIfNeeded: Int64(truncatingIfNeeded: self)) }
  var text: String { String(self) }
  static var expectation: String { "whole number of \(bitWidth) bits" }

  init?(word: String) {
    let isNegative = word.hasPrefix("-")
    let digits = word.dropFirst(isNegative ? 1 : 0)
    let isHexadecimal = digits.lowercased().hasPrefix("0x")
    let radix = isHexadecimal ? 16 : digits.hasPrefix("0") ? 8 : 10
    let sign = isNegative ? "-" : ""
    self.init(sign + digits.dropFirst(isHexadecimal ? 2 : 0), radix: radix)
  }
}

extension Int32: ProtobufVarint {}
extension Int64: ProtobufVarint {}

extension UInt32: ProtobufVarint {
  var bits: UInt64 { UInt64(self) }
}

extension UInt64: ProtobufVarint {
  var bits: UInt64 { self }
}

extension Bool: ProtobufVarint {
  init(bits: UInt64) { self = bits != 0 }
  var bits: UInt64 { self ? 1 : 0 }
  var text: String { self ? "true" : "false" }
  static var expectation: String { "true or false" }

  init?(word: String) {
    switch word {
    case "true", "True", "t", "1": self = true
    case "false", "False", "f", "0": self = false
    default: return nil
    }
  }
}

/// A number that protocol buffers write with as many bytes as it has.
protocol ProtobufFloat: ProtobufValue, BinaryFloatingPoint, BitwiseCopyable,
  LosslessStringConvertible
{
  init?(_ field: ProtobufReader.Field)
  func writeBits(to writer: inout ProtobufWriter)
}

extension ProtobufFloat {
  package var isDefault: Bool { self == 0 && sign == .plus }

  package mutating func merge(
    _ field: ProtobufReader.Field, of reader: ProtobufReader
  ) throws(FormatError) {
    guard let value = Self(field) else { throw reader.wrongType("\(Self.self)") }
    self = value
  }

  package static func append(
    _ field: ProtobufReader.Field, of reader: ProtobufReader, to list: inout [Self]
  ) throws(FormatError) {
    if case .bytes(let packed) = field {
      guard packed.count.isMultiple(of: MemoryLayout<Self>.size) else {
        throw FormatError(
          offset: reader.offset,
          "the packed list of \(Self.self)s before this place has \(packed.count) bytes")
      }
      list.append(packed: packed)
    } else if let value = Self(field) {
      list.append(value)
    } else {
      throw reader.wrongType("\(Self.self)")
    }
  }

  package static func write(_ list: [Self], _ number: Int, to writer: inout ProtobufWriter) {
    guard !list.isEmpty else { return }
    writer.field(number, length: list.count * MemoryLayout<Self>.size)
    for element in list { element.writeBits(to: &writer) }
  }

  package mutating func merge(text: inout ProtobufTextReader) throws(FormatError) {
    self = try text.scalar { text throws(FormatError) in
      try text.word("number") { word in
        if let value = Self(word) { return value }
        // As in C: 1.5f, 1.
        let digits = word.hasSuffix("f") || word.hasSuffix("F") ? word.dropLast() : word[...]
        return Self(digits.hasSuffix(".") ? "\(digits)0" : String(digits))
      }
    }
  }

  package func write(_ name: String, to writer: inout ProtobufTextWriter) {
    writer.field(name, isNaN ? "nan" : description)
  }
}

extension Float: ProtobufFloat {
  init?(_ field: ProtobufReader.Field) {
    guard case .fixed32(let bits) = field else { return nil }
    self.init(bitPattern: bits)
  }

  package func write(_ number: Int, to writer: inout ProtobufWriter) {
    writer.field(number, float: self)
  }

  func writeBits(to writer: inout ProtobufWriter) { writer.raw(bitPattern) }
}

extension Double: ProtobufFloat {
  init?(_ field: ProtobufReader.Field) {
    guard case .fixed64(let bits) = field else { return nil }
    self.init(bitPattern: bits)
  }

  package func write(_ number: Int, to writer: inout ProtobufWriter) {
    writer.field(number, double: self)
  }

  func writeBits(to writer: inout ProtobufWriter) { writer.raw(bitPattern) }
}
