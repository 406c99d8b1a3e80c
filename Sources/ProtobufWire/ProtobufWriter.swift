/// Writes the fields of protocol-buffer messages.
package struct ProtobufWriter {
  package private(set) var bytes: [UInt8] = []

  /// - Parameter capacity: how many bytes will be written, where that is known.
  package init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

  /// How many bytes a number takes.
  package static func size(varint value: UInt64) -> Int {
    (64 - (value | 1).leadingZeroBitCount + 6) / 7
  }

  /// How many bytes a field of `length` bytes takes, with its number and length before it.
  ///
  /// - Precondition: the field's number is below 16.
  package static func size(field length: Int) -> Int { 1 + size(varint: UInt64(length)) + length }

  package mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  package mutating func field(_ number: Int, varint value: UInt64) {
    varint(UInt64(number) << 3)
    varint(value)
  }

  package mutating func field(_ number: Int, double value: Double) {
    varint(UInt64(number) << 3 | 1)
    raw(value.bitPattern)
  }

  package mutating func field(_ number: Int, float value: Float) {
    varint(UInt64(number) << 3 | 5)
    raw(value.bitPattern)
  }

  /// A number's bytes, without a field around them.
  package mutating func raw(_ bits: some FixedWidthInteger) {
    withUnsafeBytes(of: bits.littleEndian) { bytes += $0 }
  }

  /// The beginning of a field of `length` bytes, which the caller writes next.
  package mutating func field(_ number: Int, length: Int) {
    varint(UInt64(number) << 3 | 2)
    varint(UInt64(length))
  }

  package mutating func field(_ number: Int, bytes content: some Collection<UInt8>) {
    field(number, length: content.count)
    bytes += content
  }

  package mutating func field(_ number: Int, string: String) {
    field(number, bytes: string.utf8)
  }

  /// A packed list of floats, copied at once.
  package mutating func field(_ number: Int, floats: [Float]) {
    field(number, length: 4 * floats.count)
    floats.withUnsafeBytes { bytes += $0 }
  }

  /// A packed list of doubles.
  package mutating func field(_ number: Int, doubles: [Double]) {
    field(number, length: 8 * doubles.count)
    for value in doubles { raw(value.bitPattern) }
  }

  /// A message in a field; for large ones, write the length first and then the content.
  package mutating func field(_ number: Int, _ message: (inout ProtobufWriter) -> Void) {
    var writer = ProtobufWriter()
    message(&writer)
    field(number, bytes: writer.bytes)
  }
}
