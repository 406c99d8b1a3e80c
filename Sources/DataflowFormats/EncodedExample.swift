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

  /// The lists with their names, in their order; of those with one name the last counts.
  ///
  /// Few enough, and asked for so rarely, that finding one is faster than hashing all.
  package private(set) var lists: [(name: String, list: List)] = []

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

  /// Where in an example the numbers of its first long list of floats are: one list, packed in one piece, as writers
  /// leave it, so that parsing the example does not read them.
  ///
  /// - Parameters:
  ///   - bytes: the example, of which only what lies before the numbers need be there.
  ///   - least: how many bytes are long.
  package static func longFloats(_ bytes: UnsafeRawBufferPointer, least: Int) -> Range<Int>? {
    var example = ProtobufReader(bytes)
    guard case (1, .bytes(let features))? = try? example.next() else { return nil }
    var entries = example.nested(features)
    while case (1, .bytes(let entry))? = try? entries.next() {
      guard entry.count >= least else { continue }
      var reader = entries.nested(entry)
      guard case (1, .bytes)? = try? reader.next(),
        let feature = reader.only(2), let list = feature.only(2), let numbers = list.only(1)
      else { return nil }
      let count = numbers.count
      return count.isMultiple(of: 4) ? numbers.offset..<numbers.offset + count : nil
    }
    return nil
  }

  /// The list of a name, nil where there is none.
  package subscript(name: String) -> List? { lists.last { $0.name == name }?.list }

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
    let list =
      try content.map { content throws(FormatError) in try List(content, of: name) } ?? .bytes([])
    lists.append((name, list))
  }
}

extension ProtobufReader {
  /// The content of what is left, if that is one field of this number with a length.
  fileprivate func only(_ number: Int) -> ProtobufReader? {
    var reader = self
    guard case (number, .bytes(let content))? = try? reader.next(), reader.isAtEnd else {
      return nil
    }
    return reader.nested(content)
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
        let more = try numbers.varints()
        if result.isEmpty { result = more } else { result += more }
      case .varint(let bits): result.append(Int64(bitPattern: bits))
      default: throw FormatError(offset: start, "\(name): a list of integers holds something else")
      }
    }
    return result
  }
}
