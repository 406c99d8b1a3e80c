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
  private var position = 0

  package init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  package var isAtEnd: Bool { position >= bytes.count }

  /// The next field's number and content, nil at the end.
  ///
  /// - Throws: `FormatError` with the offset in the message.
  package mutating func next() throws -> (number: Int, field: Field)? {
    guard !isAtEnd else { return nil }
    let start = position
    let key = try varint()
    let number = Int(truncatingIfNeeded: key >> 3)
    guard number > 0 else { throw FormatError(offset: start, "a field has number 0") }
    switch key & 7 {
    case 0: return (number, .varint(try varint()))
    case 1: return (number, .fixed64(UInt64(littleEndian: try load(UInt64.self))))
    case 2:
      let length = try varint()
      guard length <= UInt64(bytes.count - position) else {
        throw FormatError(
          offset: start,
          "field \(number) is \(length) bytes long, \(bytes.count - position) are left")
      }
      defer { position += Int(length) }
      return (
        number, .bytes(UnsafeRawBufferPointer(rebasing: bytes[position..<position + Int(length)]))
      )
    case 5: return (number, .fixed32(UInt32(littleEndian: try load(UInt32.self))))
    case let type: throw FormatError(offset: start, "field \(number) has wire type \(type)")
    }
  }

  /// A number of at most ten bytes, seven bits each.
  package mutating func varint() throws -> UInt64 {
    var result: UInt64 = 0
    let start = position
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard position < bytes.count else {
        throw FormatError(offset: start, "a number is cut off")
      }
      let byte = bytes[position]
      position += 1
      result |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return result }
    }
    throw FormatError(offset: start, "a number is longer than ten bytes")
  }

  private mutating func load<T: FixedWidthInteger>(_: T.Type) throws -> T {
    guard bytes.count - position >= MemoryLayout<T>.size else {
      throw FormatError(offset: position, "a number is cut off")
    }
    defer { position += MemoryLayout<T>.size }
    return bytes.loadUnaligned(fromByteOffset: position, as: T.self)
  }
}
