/// Writes the fields of protocol-buffer messages.
package struct ProtobufWriter {
  package private(set) var bytes: [UInt8] = []

  package init() {}

  package mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  package mutating func field(_ number: Int, varint value: UInt64) {
    varint(UInt64(number) << 3)
    varint(value)
  }

  package mutating func field(_ number: Int, double value: Double) {
    varint(UInt64(number) << 3 | 1)
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
  }

  package mutating func field(_ number: Int, float value: Float) {
    varint(UInt64(number) << 3 | 5)
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
  }

  package mutating func field(_ number: Int, bytes content: some Collection<UInt8>) {
    varint(UInt64(number) << 3 | 2)
    varint(UInt64(content.count))
    bytes += content
  }

  package mutating func field(_ number: Int, string: String) {
    field(number, bytes: string.utf8)
  }

  /// A packed list of floats.
  package mutating func field(_ number: Int, floats: [Float]) {
    varint(UInt64(number) << 3 | 2)
    varint(UInt64(4 * floats.count))
    floats.withUnsafeBytes { bytes += $0 }
  }

  /// A packed list of numbers.
  package mutating func field(_ number: Int, varints: [Int64]) {
    var packed = ProtobufWriter()
    for value in varints { packed.varint(UInt64(bitPattern: value)) }
    field(number, bytes: packed.bytes)
  }

  package mutating func field(_ number: Int, _ message: (inout ProtobufWriter) -> Void) {
    var writer = ProtobufWriter()
    message(&writer)
    field(number, bytes: writer.bytes)
  }
}
