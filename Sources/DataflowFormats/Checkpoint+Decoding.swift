import Tensors

extension Checkpoint {
  /// Reads and verifies a file's bytes.
  ///
  /// - Throws: `FormatError` with the place of the damaged entry.
  package init(encoded bytes: [UInt8]) throws(FormatError) {
    guard bytes.starts(with: Self.magic) else {
      throw FormatError("is no checkpoint: it does not begin with PANNACKP")
    }
    guard bytes.count >= 20 else { throw FormatError("is cut off after \(bytes.count) bytes") }
    self.init()
    let end = bytes.count - 4
    var footer = EntryReader(bytes[end...])
    let isWhole = CRC32C.checksum(bytes[..<end]) == (try footer.integer(UInt32.self))
    var reader = EntryReader(bytes[Self.magic.count..<end])
    let version = try reader.integer(UInt32.self)
    guard version == Self.version else {
      throw FormatError(offset: 8, "has version \(version); allowed: \(Self.version)")
    }
    for number in 0..<(try reader.integer(UInt32.self)) {
      try readEntry(Int(number), &reader)
    }
    guard isWhole, reader.isAtEnd else {
      throw FormatError("is damaged: the checksum of all \(end) bytes is wrong")
    }
  }

  private mutating func readEntry(
    _ number: Int, _ reader: inout EntryReader
  ) throws(FormatError) {
    let start = reader.position
    let content = try reader.counted()
    guard CRC32C.checksum(content) == (try reader.integer(UInt32.self)) else {
      throw FormatError(offset: start, "entry \(number) is damaged: its checksum is wrong")
    }
    var entry = EntryReader(content)
    let name = String(decoding: try entry.counted(), as: UTF8.self)
    let kind = try entry.integer(UInt8.self)
    if kind == Self.textKind {
      texts[name] = String(decoding: try entry.counted(), as: UTF8.self)
    } else if let type = ElementType(dataType: Int(kind)) {
      tensors[name] = try Self.tensor(name, type, &entry)
    } else {
      throw FormatError(offset: start, "entry \(name) is of kind \(kind); allowed: 0 to 4, 9, 10")
    }
  }

  private static func tensor(
    _ name: String, _ type: ElementType, _ entry: inout EntryReader
  ) throws(FormatError) -> Tensor {
    var dimensions: [Int] = []
    for _ in 0..<(try entry.integer(UInt32.self)) {
      let size = try entry.integer(UInt64.self)
      dimensions.append(Int(clamping: size))
    }
    let (start, content) = (entry.position, try entry.counted())
    var error: FormatError?
    let tensor = content.withUnsafeBytes { bytes -> Tensor? in
      do throws(FormatError) {
        return try Tensor(contentOfFile: bytes, dimensions: dimensions, elementType: type)
      } catch let wrong {
        error = wrong
        return nil
      }
    }
    guard let tensor else { throw FormatError(offset: start, "entry \(name) \(error!.message)") }
    return tensor
  }
}

/// Reads numbers and counted bytes one after the other.
private struct EntryReader {
  private let bytes: ArraySlice<UInt8>
  /// The index of the next byte.
  private(set) var position: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  var isAtEnd: Bool { position == bytes.endIndex }

  mutating func integer<T: FixedWidthInteger & UnsignedInteger>(
    _: T.Type
  ) throws(FormatError) -> T {
    try take(UInt64(MemoryLayout<T>.size)).reversed().reduce(0) { ($0 << 8) | T($1) }
  }

  mutating func counted() throws(FormatError) -> ArraySlice<UInt8> {
    try take(try integer(UInt64.self))
  }

  private mutating func take(_ count: UInt64) throws(FormatError) -> ArraySlice<UInt8> {
    let left = bytes.endIndex - position
    guard count <= UInt64(left) else {
      throw FormatError(offset: position, "\(count) bytes are expected, \(left) are left")
    }
    defer { position += Int(count) }
    return bytes[position..<position + Int(count)]
  }
}
