/// Reads the fields of one protocol-buffer message, in place.
package struct ProtobufReader {
  /// What a field holds.
  package enum Field {
    case varint(UInt64)
    case fixed64(UInt64)
    case fixed32(UInt32)
    case bytes(UnsafeRawBufferPointer)
  }

  private let bytes: UnsafeRawBufferPointer
  /// Where `bytes` begin in the outermost message.
  private let base: Int
  private var position = 0
  /// How many messages are around this one.
  let depth: Int

  /// Reads `bytes`, whose offsets in errors are counted from `base`.
  package init(_ bytes: UnsafeRawBufferPointer, base: Int = 0) {
    self.init(bytes, base: base, depth: 0)
  }

  private init(_ bytes: UnsafeRawBufferPointer, base: Int, depth: Int) {
    self.bytes = bytes
    self.base = base
    self.depth = depth
  }

  /// A reader of a message that a field of this one holds.
  package func nested(_ content: UnsafeRawBufferPointer) -> ProtobufReader {
    guard let inner = content.baseAddress, let outer = bytes.baseAddress else {
      return ProtobufReader(content, base: offset, depth: depth + 1)
    }
    return ProtobufReader(content, base: base + (inner - outer), depth: depth + 1)
  }

  package var isAtEnd: Bool { position >= bytes.count }

  /// The bytes that are left.
  var count: Int { bytes.count - position }

  /// The place of the next field in the outermost message.
  package var offset: Int { base + position }

  /// The next field's number and content, nil at the end.
  ///
  /// - Throws: `FormatError` with the offset in the outermost message.
  package mutating func next() throws(FormatError) -> (number: Int, field: Field)? {
    guard !isAtEnd else { return nil }
    let start = offset
    let key = try varint()
    let number = Int(truncatingIfNeeded: key >> 3)
    guard (1...0x1FFF_FFFF).contains(number) else {
      throw FormatError(offset: start, "a field has number \(key >> 3); allowed: 1 to 536870911")
    }
    switch key & 7 {
    case 0: return (number, .varint(try varint()))
    case 1: return (number, .fixed64(UInt64(littleEndian: try load())))
    case 2: return (number, .bytes(try counted(number, start)))
    case 5: return (number, .fixed32(UInt32(littleEndian: try load())))
    case let type:
      throw FormatError(
        offset: start, "field \(number) has wire type \(type); allowed: 0, 1, 2, 5")
    }
  }

  /// A number of at most ten bytes, seven bits each.
  package mutating func varint() throws(FormatError) -> UInt64 {
    let start = offset
    var result: UInt64 = 0
    for shift in stride(from: UInt64(0), through: 63, by: 7) {
      guard position < bytes.count else {
        throw FormatError(offset: start, "a number is cut off after \(offset - start) bytes")
      }
      let byte = bytes[position]
      position += 1
      result |= UInt64(byte & 0x7F) << shift
      guard byte >= 0x80 else { return result }
    }
    throw FormatError(offset: start, "a number is longer than ten bytes")
  }

  /// All numbers that are left, which follow each other.
  mutating func varints() throws(FormatError) -> [Int64] {
    var (reader, failure) = (self, nil as FormatError?)
    let numbers = [Int64](unsafeUninitializedCapacity: reader.count) { target, count in
      while !reader.isAtEnd {
        // Most numbers are small ones.
        let byte = reader.bytes[reader.position]
        if byte < 0x80 {
          (target.baseAddress! + count).initialize(to: Int64(byte))
          reader.position &+= 1
        } else {
          do throws(FormatError) {
            (target.baseAddress! + count).initialize(to: Int64(bitPattern: try reader.varint()))
          } catch {
            failure = error
            return
          }
        }
        count &+= 1
      }
    }
    if let failure { throw failure }
    self = reader
    return numbers
  }

  private mutating func counted(
    _ number: Int, _ start: Int
  ) throws(FormatError) -> UnsafeRawBufferPointer {
    let length = try varint()
    guard length <= UInt64(bytes.count - position) else {
      throw FormatError(
        offset: start, "field \(number) is \(length) bytes long, \(bytes.count - position) are left"
      )
    }
    defer { position += Int(length) }
    return UnsafeRawBufferPointer(rebasing: bytes[position..<position + Int(length)])
  }

  private mutating func load<T: FixedWidthInteger>() throws(FormatError) -> T {
    let size = MemoryLayout<T>.size
    guard bytes.count - position >= size else {
      throw FormatError(
        offset: offset, "a number of \(size) bytes is cut off after \(bytes.count - position)")
    }
    defer { position += size }
    return bytes.loadUnaligned(fromByteOffset: position, as: T.self)
  }
}

extension Array where Element: BitwiseCopyable {
  /// Appends numbers that lie in memory one after the other, aligned or not.
  mutating func append(packed: UnsafeRawBufferPointer) {
    let count = packed.count / MemoryLayout<Element>.stride
    let new = Array(unsafeUninitializedCapacity: count) { target, initialized in
      UnsafeMutableRawBufferPointer(target).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: packed[..<(count * MemoryLayout<Element>.stride)]))
      initialized = count
    }
    if isEmpty { self = new } else { self += new }
  }
}
