/// The lists of an encoded `tf.train.Example`, long ones where they lie.
///
/// Valid as long as the bytes are.
package struct EncodedExample {
  /// A list of `tf.train.Feature`.
  package enum List {
    case bytes([UnsafeRawBufferPointer])
    /// Floats one after the other, little endian, at any address.
    case packedFloats(UnsafeRawBufferPointer)
    case floats([Float])
    case integers([Int64])
  }

  /// The lists by name.
  package private(set) var lists: [String: List] = [:]

  /// Parses an example; packed and unpacked lists are both accepted, of lists with one name the last counts.
  ///
  /// - Parameter isWanted: whether the list of a name is read; others are left out.
  /// - Throws: `FormatError` with the offset.
  package init(
    _ bytes: UnsafeRawBufferPointer, where isWanted: (String) -> Bool = { _ in true }
  ) throws(FormatError) {
    var example = ProtobufReader(bytes)
    while let (number, field) = try example.next() {
      guard number == 1, case .bytes(let content) = field else { continue }
      var entries = example.nested(content)
      while let (number, field) = try entries.next() {
        if number == 1, case .bytes(let entry) = field {
          try parseEntry(entries.nested(entry), isWanted)
        }
      }
    }
  }

  /// The list of a name, nil where there is none.
  package subscript(name: String) -> List? { lists[name] }

  private mutating func parseEntry(
    _ entry: ProtobufReader, _ isWanted: (String) -> Bool
  ) throws(FormatError) {
    var (reader, name, content) = (entry, "", nil as ProtobufReader?)
    while let (number, field) = try reader.next() {
      guard case .bytes(let bytes) = field else { continue }
      if number == 1 { name = String(decoding: bytes, as: UTF8.self) }
      if number == 2 { content = reader.nested(bytes) }
    }
    guard isWanted(name) else { return }
    lists[name] =
      try content.map { content throws(FormatError) in try List(content, of: name) } ?? .bytes([])
  }
}

extension EncodedExample.List {
  fileprivate init(_ message: ProtobufReader, of name: String) throws(FormatError) {
    var reader = message
    self = .bytes([])
    while let (number, field) = try reader.next() {
      guard case .bytes(let content) = field else { continue }
      let list = reader.nested(content)
      switch number {
      case 1: self = .bytes(try Self.byteList(list))
      case 2: self = try Self.floatList(list, name)
      case 3: self = .integers(try Self.integerList(list, name))
      default: continue
      }
    }
  }

  private static func byteList(
    _ list: ProtobufReader
  ) throws(FormatError) -> [UnsafeRawBufferPointer] {
    var (reader, result) = (list, [UnsafeRawBufferPointer]())
    while let (number, field) = try reader.next() {
      if number == 1, case .bytes(let content) = field { result.append(content) }
    }
    return result
  }

  private static func floatList(_ list: ProtobufReader, _ name: String) throws(FormatError) -> Self
  {
    var (reader, result, packed) = (list, [Float](), nil as UnsafeRawBufferPointer?)
    while !reader.isAtEnd {
      let start = reader.offset
      guard let (number, field) = try reader.next(), number == 1 else { continue }
      switch field {
      case .bytes(let more):
        guard more.count.isMultiple(of: 4) else {
          throw FormatError(
            offset: start, "\(name): a packed list of floats has \(more.count) bytes")
        }
        if packed == nil && result.isEmpty {
          packed = more
        } else {
          if let first = packed { result.append(packed: first) }
          packed = nil
          result.append(packed: more)
        }
      case .fixed32(let bits):
        if let first = packed { result.append(packed: first) }
        packed = nil
        result.append(Float(bitPattern: bits))
      default: throw FormatError(offset: start, "\(name): a list of floats holds something else")
      }
    }
    return packed.map { .packedFloats($0) } ?? .floats(result)
  }

  private static func integerList(
    _ list: ProtobufReader, _ name: String
  ) throws(FormatError) -> [Int64] {
    var (reader, result) = (list, [Int64]())
    while !reader.isAtEnd {
      let start = reader.offset
      guard let (number, field) = try reader.next(), number == 1 else { continue }
      switch field {
      case .bytes(let packed):
        var numbers = reader.nested(packed)
        result.reserveCapacity(result.count + packed.count)
        while !numbers.isAtEnd { result.append(Int64(bitPattern: try numbers.varint())) }
      case .varint(let bits): result.append(Int64(bitPattern: bits))
      default: throw FormatError(offset: start, "\(name): a list of integers holds something else")
      }
    }
    return result
  }
}
