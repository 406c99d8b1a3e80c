import Foundation
import Tensors

/// A checkpoint that TensorFlow's `Saver` wrote (version 2): `NAME.index` and
/// `NAME.data-00000-of-00001` and so on.
///
///     let checkpoint = try TensorFlowCheckpoint(URL(fileURLWithPath: "train/model.ckpt-10"))
///     for variable in checkpoint.variables { print(variable.name, variable.dimensions) }
public struct TensorFlowCheckpoint: Sendable {
  /// What the index says of a variable.
  public struct Variable: Sendable, Equatable {
    public let name: String
    public let dataType: DataType
    public let dimensions: [Int]
    /// In how many parts the variable lies in the files; 1 for a whole one.
    public let partCount: Int
  }

  /// In the order of their names.
  public let variables: [Variable]

  private let prefix: URL
  private let shardCount: Int
  private let entries: [String: BundleEntry]
  /// The entries of a variable's parts, in their order.
  private let parts: [String: [BundleEntry]]

  /// Reads and verifies the index.
  ///
  /// - Parameter prefix: the files' common name, without `.index`.
  /// - Throws: `FormatError` that names the file and what is wrong.
  public init(_ prefix: URL) throws(FormatError) {
    let file = prefix.appendingPathExtension("index")
    guard let data = FileManager.default.contents(atPath: file.path) else {
      throw FormatError(file: file.path, "cannot be read")
    }
    self.prefix = prefix
    do {
      (shardCount, entries, parts) = try Self.read(SortedTable([UInt8](data)))
    } catch {
      throw FormatError(file: file.path, offset: error.offset, error.message)
    }
    let (entries, parts) = (entries, parts)
    variables = entries.sorted { $0.key < $1.key }.map { name, entry in
      Variable(
        name: name, dataType: entry.dataType, dimensions: entry.dimensions,
        partCount: max(1, parts[name]?.count ?? 0))
    }
  }

  private static func read(
    _ table: SortedTable
  ) throws(FormatError) -> (Int, [String: BundleEntry], [String: [BundleEntry]]) {
    guard let header = table.entries.first, header.key.isEmpty else {
      throw FormatError("has no header")
    }
    var entries: [String: BundleEntry] = [:]
    var parts: [String: [BundleEntry]] = [:]
    for (key, value) in table.entries.dropFirst() {
      let entry = try BundleEntry(value)
      // A part's key is a 0, the name, 0 and 1, and numbers.
      if key.first == 0 {
        let name = String(decoding: key.dropFirst().prefix { $0 != 0 }, as: UTF8.self)
        parts[name, default: []].append(entry)
      } else {
        entries[String(decoding: key, as: UTF8.self)] = entry
      }
    }
    for (name, entry) in entries where entry.slices.count != parts[name]?.count ?? 0 {
      throw FormatError(
        "\(name) has \(entry.slices.count) parts, \(parts[name]?.count ?? 0) are there")
    }
    return (try shards(header.value), entries, parts)
  }

  /// The number of data files, from `BundleHeaderProto`.
  private static func shards(_ header: [UInt8]) throws(FormatError) -> Int {
    var count = 0
    var isBigEndian = false
    var failure: FormatError?
    header.withUnsafeBytes { bytes in
      var reader = ProtobufReader(bytes)
      do throws(FormatError) {
        while let (number, field) = try reader.next() {
          guard case .varint(let bits) = field else { continue }
          if number == 1 { count = Int(truncatingIfNeeded: bits) }
          if number == 2 { isBigEndian = bits != 0 }
        }
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    guard !isBigEndian, (1...99_999).contains(count) else {
      throw FormatError("has \(count) files of data, \(isBigEndian ? "big" : "little") endian")
    }
    return count
  }

  // MARK: Values

  /// A variable's value; those of half precision in single precision.
  ///
  /// - Throws: `FormatError` for a name that is not there, a type without tensors here, and for damaged
  ///   data.
  public func tensor(_ name: String) throws(FormatError) -> Tensor {
    let entry = try entry(name)
    guard let part = parts[name] else { return try tensor(entry, name) }
    let slices = entry.slices.sorted(by: BundleEntry.Slice.precedes)
    guard let type = FileElement(entry.dataType)?.elementType else {
      throw unsupported(entry, name)
    }
    var result = Tensor(zeros: Shape(entry.dimensions), elementType: type)
    for (slice, part) in zip(slices, part) {
      let piece = try tensor(part, name)
      guard slice.fits(entry.dimensions, piece) else {
        throw FormatError(file: prefix.path, "a part of \(name) does not fit into it")
      }
      result.insert(piece, at: slice.starts)
    }
    return result
  }

  /// The elements of a variable of strings.
  ///
  /// - Throws: `FormatError` as `tensor` does.
  public func strings(_ name: String) throws(FormatError) -> [[UInt8]] {
    let entry = try entry(name)
    guard entry.dataType == .string else { throw unsupported(entry, name) }
    let bytes = try content(entry)
    let damaged = FormatError(
      file: prefix.path, offset: entry.offset, "the strings of \(name) are damaged")
    var reader = TableReader(bytes, bytes.indices)
    do throws(FormatError) {
      var lengths: [Int] = []
      for _ in 0..<entry.dimensions.reduce(1, *) { lengths.append(try reader.varint()) }
      var checked = lengths.flatMap { UInt32(truncatingIfNeeded: $0).bytes }
      let stored = try reader.take(4)
      guard CRC32C.masked(CRC32C.checksum(checked)).bytes == stored else { throw damaged }
      checked += stored
      var strings: [[UInt8]] = []
      for length in lengths { strings.append(try reader.take(length)) }
      checked += strings.joined()
      guard reader.isAtEnd, CRC32C.masked(CRC32C.checksum(checked)) == entry.checksum else {
        throw damaged
      }
      return strings
    } catch {
      throw damaged
    }
  }

  private func entry(_ name: String) throws(FormatError) -> BundleEntry {
    guard let entry = entries[name] else {
      throw FormatError(file: prefix.path, "holds no variable \(name)")
    }
    return entry
  }

  private func unsupported(_ entry: BundleEntry, _ name: String) -> FormatError {
    FormatError(
      file: prefix.path, "\(name) is of type \(entry.dataType), which has no tensors here")
  }

  private func tensor(_ entry: BundleEntry, _ name: String) throws(FormatError) -> Tensor {
    guard let element = FileElement(entry.dataType) else { throw unsupported(entry, name) }
    let bytes = try content(entry)
    guard CRC32C.masked(CRC32C.checksum(bytes)) == entry.checksum else {
      throw FormatError(
        file: prefix.path, offset: entry.offset, "\(name) is damaged: its checksum is wrong")
    }
    return try element.tensor(bytes, entry.dimensions)
  }

  private func content(_ entry: BundleEntry) throws(FormatError) -> [UInt8] {
    func padded(_ number: Int) -> String {
      String(repeating: "0", count: max(0, 5 - "\(number)".count)) + "\(number)"
    }
    let file = prefix.appendingPathExtension("data-\(padded(entry.shard))-of-\(padded(shardCount))")
    let found: Data?
    do {
      let handle = try FileHandle(forReadingFrom: file)
      defer { try? handle.close() }
      let length = try handle.seekToEnd()
      guard entry.offset <= length, entry.size <= Int(length) - entry.offset else {
        throw FormatError(
          "is \(length) bytes long; \(entry.size) bytes from \(entry.offset) are wanted")
      }
      try handle.seek(toOffset: UInt64(entry.offset))
      found = entry.size == 0 ? Data() : try handle.read(upToCount: entry.size)
    } catch let error as FormatError {
      throw FormatError(file: file.path, error.message)
    } catch {
      throw FormatError(file: file.path, "cannot be read")
    }
    return [UInt8](found ?? Data())
  }
}
