/// Appends numbers in little-endian order.
struct ByteWriter {
  private(set) var bytes: [UInt8] = []

  mutating func append<T: FixedWidthInteger>(_ value: T) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func append(_ values: [Float]) {
    #if _endian(little)
      values.withUnsafeBytes { bytes.append(contentsOf: $0) }
    #else
      for value in values { append(value.bitPattern) }
    #endif
  }
}

/// Takes little-endian numbers from the front of bytes; each field is named for the errors.
struct ByteReader {
  let bytes: [UInt8]
  private(set) var position = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  var remaining: Int { bytes.count - position }

  mutating func integer<T: FixedWidthInteger>(_: T.Type, _ field: String) throws -> T {
    try need(MemoryLayout<T>.size, field)
    defer { position += MemoryLayout<T>.size }
    return bytes.withUnsafeBytes {
      T(littleEndian: $0.loadUnaligned(fromByteOffset: position, as: T.self))
    }
  }

  mutating func floats(_ count: Int, _ field: String) throws -> [Float] {
    try need(4 * count, field)
    let start = position
    position += 4 * count
    return [Float](unsafeUninitializedCapacity: count) { floats, initialized in
      bytes.withUnsafeBytes { source in
        for i in 0..<count {
          let bits = source.loadUnaligned(fromByteOffset: start &+ 4 &* i, as: UInt32.self)
          floats.initializeElement(at: i, to: Float(bitPattern: UInt32(littleEndian: bits)))
        }
      }
      initialized = count
    }
  }

  /// Floats that must be whole numbers from 0 up to below `limit`.
  mutating func wholeNumbers(_ count: Int, below limit: Int, _ field: String) throws -> [Int32] {
    try floats(count, field).enumerated().map { index, value in
      guard let whole = Int32(exactly: value), whole >= 0, whole < limit else {
        throw AtomisticsError(
          key: count == 1 ? field : "\(field), number \(index)", found: "\(value)",
          allowed: "whole numbers from 0 to \(limit - 1)")
      }
      return whole
    }
  }

  private func need(_ count: Int, _ field: String) throws {
    guard count <= remaining else {
      throw AtomisticsError(
        key: field, found: "a file that ends at byte \(bytes.count)",
        allowed: "\(count) bytes from byte \(position) on")
    }
  }
}
