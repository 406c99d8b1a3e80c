/// Where a tensor of a checkpoint lies: TensorFlow's `BundleEntryProto`.
struct BundleEntry {
  /// Part of a tensor: where it begins along each axis, and how long it is; nil for all of the axis.
  struct Slice: Equatable {
    var starts: [Int] = []
    var lengths: [Int?] = []

    /// The order in which the parts' own entries stand in the index.
    static func precedes(_ a: Slice, _ b: Slice) -> Bool {
      func key(_ slice: Slice) -> [Int] {
        zip(slice.starts, slice.lengths).flatMap { [$0, $1 ?? -1] }
      }
      return key(a).lexicographicallyPrecedes(key(b))
    }
  }

  private(set) var dataType = DataType.invalid
  private(set) var dimensions: [Int] = []
  private(set) var shard = 0
  private(set) var offset = 0
  private(set) var size = 0
  private(set) var checksum: UInt32 = 0
  /// The parts of a tensor that lies in several places; it has no bytes itself.
  private(set) var slices: [Slice] = []

  init(_ encoded: [UInt8]) throws(FormatError) {
    let error = encoded.withUnsafeBytes { bytes -> FormatError? in
      do throws(FormatError) {
        try self.read(ProtobufReader(bytes))
        return nil
      } catch {
        return error
      }
    }
    if let error { throw error }
    guard offset >= 0, size >= 0, shard >= 0, dimensions.allSatisfy({ $0 >= 0 }) else {
      throw FormatError("an entry has negative sizes")
    }
    guard dimensions.reduce(1.0, { $0 * Double($1) }) < 0x1p48 else {
      throw FormatError("an entry has more elements than any file: \(dimensions)")
    }
  }

  private mutating func read(_ message: ProtobufReader) throws(FormatError) {
    var reader = message
    while let (number, field) = try reader.next() {
      switch (number, field) {
      case (1, .varint(let bits)): dataType = DataType(bits: bits)
      case (2, .bytes(let shape)): try readShape(reader.nested(shape))
      case (3, .varint(let bits)): shard = Int(truncatingIfNeeded: bits)
      case (4, .varint(let bits)): offset = Int(truncatingIfNeeded: bits)
      case (5, .varint(let bits)): size = Int(truncatingIfNeeded: bits)
      case (6, .fixed32(let bits)): checksum = bits
      case (7, .bytes(let slice)): slices.append(try Self.slice(reader.nested(slice)))
      default: continue
      }
    }
  }

  private mutating func readShape(_ message: ProtobufReader) throws(FormatError) {
    var reader = message
    while let (number, field) = try reader.next() {
      guard number == 2, case .bytes(let content) = field else { continue }
      var dimension = reader.nested(content)
      var size = 0
      while let (number, field) = try dimension.next() {
        if number == 1, case .varint(let bits) = field { size = Int(truncatingIfNeeded: bits) }
      }
      dimensions.append(size)
    }
  }

  private static func slice(_ message: ProtobufReader) throws(FormatError) -> Slice {
    var (reader, slice) = (message, Slice())
    while let (number, field) = try reader.next() {
      guard number == 1, case .bytes(let content) = field else { continue }
      var extent = reader.nested(content)
      var (start, length) = (0, Int?.none)
      while let (number, field) = try extent.next() {
        guard case .varint(let bits) = field else { continue }
        if number == 1 { start = Int(truncatingIfNeeded: bits) }
        if number == 2 { length = Int(truncatingIfNeeded: bits) }
      }
      slice.starts.append(start)
      slice.lengths.append(length)
    }
    return slice
  }
}
