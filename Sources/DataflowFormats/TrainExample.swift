/// TensorFlow's `tf.train.Example`: lists of numbers or bytes by their names.
public struct TrainExample: Sendable, Equatable {
  public enum Feature: Sendable, Equatable {
    case bytes([[UInt8]])
    case floats([Float])
    case integers([Int64])
  }

  public var features: [String: Feature]

  public init(features: [String: Feature] = [:]) { self.features = features }

  /// Parses an encoded example; packed and unpacked lists are both accepted.
  ///
  /// - Throws: `FormatError`.
  public init(encoded: [UInt8]) throws {
    features = [:]
    try encoded.withUnsafeBytes { try parse($0) }
  }

  package init(encoded: UnsafeRawBufferPointer) throws {
    features = [:]
    try parse(encoded)
  }

  private mutating func parse(_ encoded: UnsafeRawBufferPointer) throws {
    var example = ProtobufReader(encoded)
    while let (number, field) = try example.next() {
      guard number == 1, case .bytes(let content) = field else { continue }
      var entries = ProtobufReader(content)
      while let (number, field) = try entries.next() {
        if number == 1, case .bytes(let entry) = field { try parseEntry(entry) }
      }
    }
  }

  private mutating func parseEntry(_ entry: UnsafeRawBufferPointer) throws {
    var (reader, name, feature) = (ProtobufReader(entry), "", Feature.bytes([]))
    while let (number, field) = try reader.next() {
      guard case .bytes(let content) = field else { continue }
      if number == 1 { name = String(decoding: content, as: UTF8.self) }
      if number == 2 { feature = try Feature(content) }
    }
    features[name] = feature
  }

  /// The example as bytes, features in the order of their names, lists packed.
  public func encoded() -> [UInt8] {
    var writer = ProtobufWriter()
    writer.field(1) { features in
      for (name, feature) in self.features.sorted(by: { $0.key < $1.key }) {
        features.field(1) { entry in
          entry.field(1, string: name)
          entry.field(2) { feature.write(to: &$0) }
        }
      }
    }
    return writer.bytes
  }
}

extension TrainExample.Feature {
  fileprivate init(_ bytes: UnsafeRawBufferPointer) throws {
    var reader = ProtobufReader(bytes)
    self = .bytes([])
    while let (number, field) = try reader.next() {
      guard case .bytes(let list) = field else { continue }
      switch number {
      case 1: self = .bytes(try Self.byteList(list))
      case 2: self = .floats(try Self.floatList(list))
      case 3: self = .integers(try Self.integerList(list))
      default: continue
      }
    }
  }

  private static func byteList(_ list: UnsafeRawBufferPointer) throws -> [[UInt8]] {
    var (reader, result) = (ProtobufReader(list), [[UInt8]]())
    while let (number, field) = try reader.next() {
      if number == 1, case .bytes(let content) = field { result.append(Array(content)) }
    }
    return result
  }

  private static func floatList(_ list: UnsafeRawBufferPointer) throws -> [Float] {
    var (reader, result) = (ProtobufReader(list), [Float]())
    while let (number, field) = try reader.next() {
      guard number == 1 else { continue }
      switch field {
      case .bytes(let packed):
        guard packed.count.isMultiple(of: 4) else {
          throw FormatError("a packed list of floats has \(packed.count) bytes")
        }
        result.append(packed: packed)
      case .fixed32(let bits): result.append(Float(bitPattern: bits))
      default: throw FormatError("a list of floats holds something else")
      }
    }
    return result
  }

  private static func integerList(_ list: UnsafeRawBufferPointer) throws -> [Int64] {
    var (reader, result) = (ProtobufReader(list), [Int64]())
    while let (number, field) = try reader.next() {
      guard number == 1 else { continue }
      switch field {
      case .bytes(let packed):
        var numbers = ProtobufReader(packed)
        while !numbers.isAtEnd { result.append(Int64(bitPattern: try numbers.varint())) }
      case .varint(let bits): result.append(Int64(bitPattern: bits))
      default: throw FormatError("a list of integers holds something else")
      }
    }
    return result
  }

  fileprivate func write(to writer: inout ProtobufWriter) {
    switch self {
    case .bytes(let values):
      writer.field(1) { list in for value in values { list.field(1, bytes: value) } }
    case .floats(let values): writer.field(2) { $0.field(1, floats: values) }
    case .integers(let values): writer.field(3) { $0.field(1, varints: values) }
    }
  }
}

extension [Float] {
  /// Appends floats that lie in memory one after the other, aligned or not.
  fileprivate mutating func append(packed: UnsafeRawBufferPointer) {
    let count = packed.count / 4
    let old = self
    self = Array(unsafeUninitializedCapacity: old.count + count) { target, initialized in
      for (index, value) in old.enumerated() { (target.baseAddress! + index).initialize(to: value) }
      if let base = target.baseAddress, let source = packed.baseAddress {
        UnsafeMutableRawPointer(base + old.count).copyMemory(from: source, byteCount: packed.count)
      }
      initialized = old.count + count
    }
  }
}
