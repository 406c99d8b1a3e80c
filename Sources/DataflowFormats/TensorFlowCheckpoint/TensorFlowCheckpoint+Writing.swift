import Foundation
import ProtobufWire
import Tensors

extension TensorFlowCheckpoint {
  /// Writes a checkpoint that TensorFlow's `Saver` restores (version 2): `PREFIX.data-00000-of-00001`
  /// and, last, `PREFIX.index`, each whole or not at all.
  ///
  /// - Parameter prefix: the files' common name, without `.index`.
  /// - Throws: `FormatError` that names the file.
  public static func write(_ tensors: [String: Tensor], to prefix: URL) throws {
    var data: [UInt8] = []
    var entries: [(key: [UInt8], value: [UInt8])] = [([], header())]
    // Swift compares texts by their characters, the table by their bytes.
    for (name, tensor) in tensors.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) })
    {
      let offset = data.count
      tensor.withBytes { data += $0 }
      entries.append((Array(name.utf8), entry(tensor, data[offset...], offset)))
    }
    try AtomicFile.write(data, to: prefix.appendingPathExtension("data-00000-of-00001"))
    try AtomicFile.write(
      SortedTable.encoded(entries), to: prefix.appendingPathExtension("index"))
  }

  /// `BundleHeaderProto`: one file of data, little endian, the first version.
  private static func header() -> [UInt8] {
    var writer = ProtobufWriter()
    writer.field(1, varint: 1)
    writer.field(3) { $0.field(1, varint: 1) }
    return writer.bytes
  }

  /// `BundleEntryProto`; zeros are left out, as everywhere in such messages.
  private static func entry(
    _ tensor: Tensor, _ content: ArraySlice<UInt8>, _ offset: Int
  ) -> [UInt8] {
    var writer = ProtobufWriter()
    writer.field(1, varint: UInt64(tensor.elementType.dataType))
    writer.field(2) { shape in
      for size in tensor.shape.dimensions {
        shape.field(2) { if size > 0 { $0.field(1, varint: UInt64(size)) } }
      }
    }
    if offset > 0 { writer.field(4, varint: UInt64(offset)) }
    if !content.isEmpty { writer.field(5, varint: UInt64(content.count)) }
    writer.varint(6 << 3 | 5)
    writer.raw(CRC32C.masked(CRC32C.checksum(content)))
    return writer.bytes
  }
}

extension SortedTable {
  /// How many bytes of entries a block holds before the next begins.
  private static let blockSize = 1 << 16

  /// The file's bytes; the entries must be in the order of their keys.
  static func encoded(_ entries: [(key: [UInt8], value: [UInt8])]) -> [UInt8] {
    var (bytes, index): ([UInt8], [(key: [UInt8], value: [UInt8])]) = ([], [])
    var start = 0
    while start < entries.count {
      var (end, size) = (start, 0)
      while end < entries.count && size < blockSize {
        size += entries[end].key.count + entries[end].value.count
        end += 1
      }
      index.append((entries[end - 1].key, append(block(entries[start..<end]), to: &bytes)))
      start = end
    }
    let meta = append(block([]), to: &bytes)
    var footer = meta + append(block(index[...]), to: &bytes)
    footer += Array(repeating: 0, count: footerSize - 8 - footer.count)
    return bytes + footer + magic
  }

  /// Adds a block without compression and its checksum.
  ///
  /// - Returns: its place and size as two numbers.
  private static func append(_ block: [UInt8], to bytes: inout [UInt8]) -> [UInt8] {
    var handle = ProtobufWriter()
    handle.varint(UInt64(bytes.count))
    handle.varint(UInt64(block.count))
    let content = block + [0]
    bytes += content + CRC32C.masked(CRC32C.checksum(content)).bytes
    return handle.bytes
  }

  /// Entries with whole keys each, every one a place where reading may begin.
  private static func block(_ entries: ArraySlice<(key: [UInt8], value: [UInt8])>) -> [UInt8] {
    var writer = ProtobufWriter()
    var restarts: [UInt32] = []
    for (key, value) in entries {
      restarts.append(UInt32(writer.bytes.count))
      for number in [0, key.count, value.count] { writer.varint(UInt64(number)) }
      for byte in key + value { writer.raw(byte) }
    }
    // A block without entries has one restart all the same.
    if restarts.isEmpty { restarts = [0] }
    for number in restarts + [UInt32(restarts.count)] { writer.raw(number) }
    return writer.bytes
  }
}
