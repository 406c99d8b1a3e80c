import Foundation
import Tensors

/// Named tensors and texts in one file: what a training needs to go on.
///
/// The file is the magic `PANNACKP`, the version, entries of name, kind and content, and a checksum of
/// all before it; numbers are little endian. It appears whole or not at all.
public struct Checkpoint: Sendable, Equatable {
  public var tensors: [String: Tensor]
  public var texts: [String: String]

  private static let magic = Array("PANNACKP".utf8)
  private static let version: UInt32 = 1

  public init(tensors: [String: Tensor] = [:], texts: [String: String] = [:]) {
    self.tensors = tensors
    self.texts = texts
  }

  /// Writes the file, over an older one where there is one.
  public func write(to file: URL) throws {
    var bytes = Self.magic
    bytes.append(integer: Self.version)
    bytes.append(integer: UInt32(tensors.count + texts.count))
    for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
      bytes.append(counted: Array(name.utf8))
      bytes.append(UInt8(ElementType.allCases.firstIndex(of: tensor.elementType)!))
      bytes.append(integer: UInt32(tensor.shape.rank))
      for size in tensor.shape.dimensions { bytes.append(integer: UInt64(size)) }
      tensor.withBytes { bytes.append(counted: Array($0)) }
    }
    for (name, text) in texts.sorted(by: { $0.key < $1.key }) {
      bytes.append(counted: Array(name.utf8))
      bytes.append(Self.textKind)
      bytes.append(counted: Array(text.utf8))
    }
    bytes.append(integer: CRC32C.checksum(bytes))
    try AtomicFile.write(bytes, to: file)
  }

  private static let textKind: UInt8 = 0xFF

  /// Reads and verifies a file.
  ///
  /// - Throws: `FormatError` that names the file and what is wrong.
  public init(_ file: URL) throws {
    guard let data = FileManager.default.contents(atPath: file.path) else {
      throw FormatError(file: file.path, "cannot be read")
    }
    do {
      try self.init([UInt8](data))
    } catch let error as FormatError {
      throw FormatError(file: file.path, offset: error.offset, error.message)
    }
  }

  package init(_ bytes: [UInt8]) throws {
    guard bytes.starts(with: Self.magic) else { throw FormatError("is no checkpoint") }
    guard bytes.count >= 20 else { throw FormatError("is cut off after \(bytes.count) bytes") }
    var end = EntryReader(bytes[(bytes.count - 4)...])
    guard CRC32C.checksum(bytes[..<(bytes.count - 4)]) == (try end.integer(UInt32.self)) else {
      throw FormatError("is damaged: its checksum is wrong")
    }
    var reader = EntryReader(bytes[8..<(bytes.count - 4)])
    let version = try reader.integer(UInt32.self)
    guard version == Self.version else {
      throw FormatError("has version \(version); allowed: \(Self.version)")
    }
    self.init()
    for _ in 0..<(try reader.integer(UInt32.self)) { try readEntry(&reader) }
  }

  private mutating func readEntry(_ reader: inout EntryReader) throws {
    let name = String(decoding: try reader.counted(), as: UTF8.self)
    let kind = try reader.integer(UInt8.self)
    if kind == Self.textKind {
      texts[name] = String(decoding: try reader.counted(), as: UTF8.self)
      return
    }
    guard Int(kind) < ElementType.allCases.count else {
      throw FormatError(offset: reader.position, "the entry \(name) is of kind \(kind)")
    }
    let type = ElementType.allCases[Int(kind)]
    let rank = try reader.integer(UInt32.self)
    let shape = Shape(try (0..<rank).map { _ in Int(try reader.integer(UInt64.self)) })
    let content = try reader.counted()
    guard content.count == shape.elementCount * type.size else {
      throw FormatError(
        offset: reader.position, "the tensor \(name) is \(type)\(shape) with \(content.count) bytes"
      )
    }
    var tensor = Tensor(zeros: shape, elementType: type)
    tensor.withMutableBytes { $0.copyBytes(from: content) }
    tensors[name] = tensor
  }
}

extension [UInt8] {
  fileprivate mutating func append(integer: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: integer.littleEndian) { append(contentsOf: $0) }
  }

  fileprivate mutating func append(counted content: [UInt8]) {
    append(integer: UInt64(content.count))
    append(contentsOf: content)
  }
}

/// Reads numbers and counted bytes one after the other.
private struct EntryReader {
  private let bytes: ArraySlice<UInt8>
  private(set) var position: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  mutating func integer<T: FixedWidthInteger & UnsignedInteger>(_: T.Type) throws -> T {
    let content = try take(MemoryLayout<T>.size)
    return content.reversed().reduce(0) { ($0 &<< 8) | T($1) }
  }

  mutating func counted() throws -> ArraySlice<UInt8> {
    let count = try integer(UInt64.self)
    guard count <= UInt64(bytes.endIndex - position) else {
      throw FormatError(offset: position, "an entry of \(count) bytes is cut off")
    }
    return try take(Int(count))
  }

  private mutating func take(_ count: Int) throws -> ArraySlice<UInt8> {
    guard bytes.endIndex - position >= count else {
      throw FormatError(offset: position, "an entry is cut off")
    }
    defer { position += count }
    return bytes[position..<position + count]
  }
}
