import Foundation
import Tensors

/// Named tensors and texts in one file: what a training needs to go on.
///
/// The file is the magic `PANNACKP`, the version and the number of entries as uint32, the entries, and
/// the CRC32C of all before it. An entry is its length as uint64, its content and the content's
/// CRC32C. The content is the name, the kind and the value: for tensors the kind is TensorFlow's number of the
/// element type, and the rank, the dimensions and the elements follow; for texts it is 0. Numbers are little
/// endian; names, texts and elements stand behind their length in bytes.
public struct Checkpoint: Sendable, Equatable {
  /// The tensors by name.
  public var tensors: [String: Tensor]
  /// Whatever else there is, by name; JSON as a rule.
  public var texts: [String: String]

  static let magic = Array("PANNACKP".utf8)
  static let version: UInt32 = 1
  static let textKind: UInt8 = 0

  /// A checkpoint with the given content.
  public init(tensors: [String: Tensor] = [:], texts: [String: String] = [:]) {
    self.tensors = tensors
    self.texts = texts
  }

  /// Writes the file, over an older one where there is one; it appears whole or not at all.
  ///
  /// - Throws: `FormatError` that names the file.
  public func write(to file: URL) throws { try AtomicFile.write(encoded(), to: file) }

  /// Reads and verifies a file.
  ///
  /// - Throws: `FormatError` that names the file and what is wrong.
  public init(_ file: URL) throws(FormatError) {
    guard let data = FileManager.default.contents(atPath: file.path) else {
      throw FormatError(file: file.path, "cannot be read")
    }
    do {
      try self.init(encoded: [UInt8](data))
    } catch {
      throw FormatError(file: file.path, offset: error.offset, error.message)
    }
  }

  /// The file's bytes, entries in the order of their names.
  package func encoded() -> [UInt8] {
    var bytes = Self.magic
    bytes.append(integer: Self.version)
    bytes.append(integer: UInt32(tensors.count + texts.count))
    for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
      bytes.append(entry: Self.content(name, tensor))
    }
    for (name, text) in texts.sorted(by: { $0.key < $1.key }) {
      var content: [UInt8] = []
      content.append(counted: name.utf8)
      content.append(Self.textKind)
      content.append(counted: text.utf8)
      bytes.append(entry: content)
    }
    bytes.append(integer: CRC32C.checksum(bytes))
    return bytes
  }

  private static func content(_ name: String, _ tensor: Tensor) -> [UInt8] {
    var content: [UInt8] = []
    content.append(counted: name.utf8)
    content.append(UInt8(tensor.elementType.dataType))
    content.append(integer: UInt32(tensor.shape.rank))
    for size in tensor.shape.dimensions { content.append(integer: UInt64(size)) }
    tensor.withBytes { content.append(counted: $0) }
    return content
  }
}

extension [UInt8] {
  fileprivate mutating func append(integer: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: integer.littleEndian) { append(contentsOf: $0) }
  }

  fileprivate mutating func append(counted content: some Collection<UInt8>) {
    append(integer: UInt64(content.count))
    append(contentsOf: content)
  }

  fileprivate mutating func append(entry content: [UInt8]) {
    append(counted: content)
    append(integer: CRC32C.checksum(content))
  }
}
