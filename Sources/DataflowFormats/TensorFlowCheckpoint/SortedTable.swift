/// The file of keys and values that LevelDB calls a table and TensorFlow keeps checkpoints' indices in.
///
/// Blocks of entries, each followed by a byte for its compression and a masked CRC32C; a block with the
/// places of the others; and a footer of 48 bytes with that block's place and a magic number. A key
/// stands without what it shares with the one before.
struct SortedTable {
  static let footerSize = 48
  static let magic: [UInt8] = [0x57, 0xFB, 0x80, 0x8B, 0x24, 0x75, 0x47, 0xDB]

  /// In the order of the keys' bytes.
  private(set) var entries: [(key: [UInt8], value: [UInt8])] = []

  /// Reads and verifies a file's bytes.
  ///
  /// - Throws: `FormatError` with the offset.
  init(_ bytes: [UInt8]) throws(FormatError) {
    guard bytes.count >= Self.footerSize, bytes.suffix(8) == Self.magic[...] else {
      throw FormatError("is no table of LevelDB's: it does not end with the magic number")
    }
    let start = bytes.count - Self.footerSize
    var footer = TableReader(bytes, start..<bytes.count - 8)
    _ = try footer.handle()
    let index = try Self.block(bytes, try footer.handle(), start)
    for (_, value) in index {
      var reader = TableReader(value, value.indices)
      for entry in try Self.block(bytes, try reader.handle(), start) {
        if let last = entries.last, !last.key.lexicographicallyPrecedes(entry.key) {
          throw FormatError("keys are not in their order")
        }
        entries.append(entry)
      }
    }
  }

  private static func block(
    _ bytes: [UInt8], _ handle: (offset: Int, size: Int), _ end: Int
  ) throws(FormatError) -> [(key: [UInt8], value: [UInt8])] {
    let (offset, size) = handle
    guard offset <= end, size <= end - offset - 5 else {
      throw FormatError(offset: offset, "a block of \(size) bytes is not in the file")
    }
    let content = bytes[offset..<offset + size + 1]
    let checksum = UInt32(littleEndianBytes: bytes[(offset + size + 1)...])
    guard checksum == CRC32C.masked(CRC32C.checksum(content)) else {
      throw FormatError(offset: offset, "a block is damaged: its checksum is wrong")
    }
    guard content.last == 0 else {
      throw FormatError(
        offset: offset, "a block has compression \(content.last!); allowed: 0, none")
    }
    return try entries(bytes, offset..<offset + size)
  }

  private static func entries(
    _ bytes: [UInt8], _ block: Range<Int>
  ) throws(FormatError) -> [(key: [UInt8], value: [UInt8])] {
    let restarts =
      block.count < 4 ? -1 : Int(UInt32(littleEndianBytes: bytes[(block.upperBound - 4)...]))
    guard restarts >= 0, restarts <= (block.count - 4) / 4 else {
      throw FormatError(offset: block.lowerBound, "a block has \(restarts) restarts")
    }
    var reader = TableReader(bytes, block.lowerBound..<block.upperBound - 4 - 4 * restarts)
    var result: [(key: [UInt8], value: [UInt8])] = []
    var key: [UInt8] = []
    while !reader.isAtEnd {
      let offset = reader.position
      let (shared, own, size) = (try reader.varint(), try reader.varint(), try reader.varint())
      guard shared <= key.count else {
        throw FormatError(
          offset: offset, "a key shares \(shared) bytes with the one before, which has \(key.count)"
        )
      }
      key = key.prefix(shared) + (try reader.take(own))
      result.append((key, try reader.take(size)))
    }
    return result
  }
}

/// Reads numbers and pieces of a part of some bytes.
struct TableReader {
  private let bytes: [UInt8]
  private(set) var position: Int
  private let end: Int

  init(_ bytes: [UInt8], _ range: Range<Int>) {
    self.bytes = bytes
    position = range.lowerBound
    end = range.upperBound
  }

  var isAtEnd: Bool { position >= end }

  /// Seven bits a byte, the lowest first.
  mutating func varint() throws(FormatError) -> Int {
    let start = position
    var result = 0
    for shift in stride(from: 0, through: 56, by: 7) where position < end {
      let byte = bytes[position]
      position += 1
      result |= Int(byte & 0x7F) << shift
      if byte < 0x80 { return result }
    }
    throw FormatError(offset: start, "a number is cut off or too long")
  }

  /// The place of a block.
  mutating func handle() throws(FormatError) -> (offset: Int, size: Int) {
    (try varint(), try varint())
  }

  mutating func take(_ count: Int) throws(FormatError) -> [UInt8] {
    guard count <= end - position else {
      throw FormatError(offset: position, "\(count) bytes are wanted, \(end - position) are left")
    }
    defer { position += count }
    return Array(bytes[position..<position + count])
  }
}

extension UInt32 {
  /// The number of the first four bytes, lowest first.
  init(littleEndianBytes bytes: some Collection<UInt8>) {
    self = bytes.prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }
}
