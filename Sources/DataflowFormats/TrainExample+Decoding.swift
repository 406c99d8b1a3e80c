extension TrainExample {
  /// Parses an encoded example; packed and unpacked lists are both accepted.
  ///
  /// - Throws: `FormatError` with the offset in the message.
  public init(encoded: [UInt8]) throws(FormatError) {
    self.init()
    let error = encoded.withUnsafeBytes { bytes -> FormatError? in
      do throws(FormatError) {
        try self.parse(ProtobufReader(bytes)) { _ in true }
        return nil
      } catch {
        return error
      }
    }
    if let error { throw error }
  }

  /// - Parameter isWanted: whether the list of a name is read; others are left out.
  package init(
    encoded: UnsafeRawBufferPointer, where isWanted: (String) -> Bool = { _ in true }
  ) throws(FormatError) {
    self.init()
    try parse(ProtobufReader(encoded), isWanted)
  }

  private mutating func parse(
    _ message: ProtobufReader, _ isWanted: (String) -> Bool
  ) throws(FormatError) {
    var example = message
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
    features[name] =
      try content.map { content throws(FormatError) in
        try Feature(content, of: name)
      } ?? .bytes([])
  }
}

extension TrainExample.Feature {
  fileprivate init(_ message: ProtobufReader, of name: String) throws(FormatError) {
    var reader = message
    self = .bytes([])
    while let (number, field) = try reader.next() {
      guard case .bytes(let content) = field else { continue }
      let list = reader.nested(content)
      switch number {
      case 1: self = .bytes(try Self.byteList(list))
      case 2: self = .floats(try Self.floatList(list, name))
      case 3: self = .integers(try Self.integerList(list, name))
      default: continue
      }
    }
  }

  private static func byteList(_ list: ProtobufReader) throws(FormatError) -> [[UInt8]] {
    var (reader, result) = (list, [[UInt8]]())
    while let (number, field) = try reader.next() {
      if number == 1, case .bytes(let content) = field { result.append(Array(content)) }
    }
    return result
  }

  private static func floatList(
    _ list: ProtobufReader, _ name: String
  ) throws(FormatError) -> [Float] {
    var (reader, result) = (list, [Float]())
    while !reader.isAtEnd {
      let start = reader.offset
      guard let (number, field) = try reader.next(), number == 1 else { continue }
      switch field {
      case .bytes(let packed):
        guard packed.count.isMultiple(of: 4) else {
          throw FormatError(
            offset: start, "\(name): a packed list of floats has \(packed.count) bytes")
        }
        result.append(packed: packed)
      case .fixed32(let bits): result.append(Float(bitPattern: bits))
      default: throw FormatError(offset: start, "\(name): a list of floats holds something else")
      }
    }
    return result
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
        while !numbers.isAtEnd { result.append(Int64(bitPattern: try numbers.varint())) }
      case .varint(let bits): result.append(Int64(bitPattern: bits))
      default: throw FormatError(offset: start, "\(name): a list of integers holds something else")
      }
    }
    return result
  }
}
