import Foundation
import Tensors

/// What a `.npy` file says before its data: magic, version, length and the text of a Python
/// dictionary, `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }`.
struct NumPyHeader {
  let elementType: ElementType
  let isColumnMajor: Bool
  let dimensions: [Int]
  /// How many bytes stand before the data.
  let size: Int

  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  private static let descriptors: [(name: String, type: ElementType)] = [
    ("<f4", .float32), ("<f8", .float64), ("<f2", .float16), ("<i4", .int32), ("<i8", .int64),
    ("|u1", .uint8), ("|b1", .bool),
  ]

  init(_ bytes: [UInt8]) throws(FormatError) {
    guard bytes.starts(with: Self.magic) else {
      throw FormatError("is no NumPy file: it does not begin with \\x93NUMPY")
    }
    guard bytes.count >= 12 else { throw FormatError("ends within its header") }
    guard (1...3).contains(bytes[6]), bytes[7] == 0 else {
      throw FormatError(
        offset: 6, "has format version \(bytes[6]).\(bytes[7]); allowed: 1.0, 2.0, 3.0")
    }
    let sizeLength = bytes[6] == 1 ? 2 : 4
    let length = (0..<sizeLength).reduce(0) { $0 | Int(bytes[8 + $1]) << (8 * $1) }
    size = 8 + sizeLength + length
    guard size <= bytes.count else {
      throw FormatError("ends within its header, which has \(size) of \(bytes.count) bytes")
    }
    let text = String(decoding: bytes[8 + sizeLength..<size], as: UTF8.self)
    elementType = try Self.elementType(in: text)
    isColumnMajor = try Self.order(in: text)
    dimensions = try Self.dimensions(in: text)
  }

  private static func text(
    after key: String, in header: String
  ) throws(FormatError) -> Substring {
    guard let range = header.range(of: "'\(key)':") else {
      throw FormatError("has no \(key) in its header \(header)")
    }
    return header[range.upperBound...].drop { $0 == " " }
  }

  private static func elementType(in header: String) throws(FormatError) -> ElementType {
    let found = String(try text(after: "descr", in: header).dropFirst().prefix { $0 != "'" })
    // Types of one byte have no order.
    let name = found.hasSuffix("1") ? "|" + found.dropFirst() : found
    guard let type = descriptors.first(where: { $0.name == name })?.type else {
      let allowed = descriptors.map(\.name).joined(separator: ", ")
      throw FormatError("holds elements of type \(found); allowed: \(allowed)")
    }
    return type
  }

  private static func order(in header: String) throws(FormatError) -> Bool {
    let found = try text(after: "fortran_order", in: header)
    if found.hasPrefix("True") { return true }
    if found.hasPrefix("False") { return false }
    let word = found.prefix { $0 != "," }
    throw FormatError("has fortran_order \(word) in its header; allowed: True, False")
  }

  private static func dimensions(in header: String) throws(FormatError) -> [Int] {
    let found = try text(after: "shape", in: header)
    let list = found.dropFirst().prefix { $0 != ")" }
    var dimensions: [Int] = []
    for part in list.split(separator: ",") where !part.allSatisfy({ $0 == " " }) {
      guard let size = Int(part.filter { $0 != " " }), size >= 0 else {
        throw FormatError("has the shape (\(list)) in its header; allowed: whole numbers from 0")
      }
      dimensions.append(size)
    }
    guard found.hasPrefix("("), list.endIndex < found.endIndex else {
      throw FormatError("has no shape in parentheses in its header")
    }
    return dimensions
  }

  /// The bytes before the data, as NumPy 2 writes them.
  static func encode(_ type: ElementType, _ dimensions: [Int]) -> [UInt8] {
    let descriptor = descriptors.first { $0.type == type }!.name
    let sizes = dimensions.map(String.init)
    let shape = sizes.count == 1 ? "(\(sizes[0]),)" : "(\(sizes.joined(separator: ", ")))"
    var text = "{'descr': '\(descriptor)', 'fortran_order': False, 'shape': \(shape), }"
    // NumPy leaves room for the first dimension to grow to 21 digits in place.
    if let first = sizes.first { text += String(repeating: " ", count: 21 - first.utf8.count) }
    // Data begin at a multiple of 64 bytes, the header ends with a newline.
    let length = (10 + text.utf8.count + 1).roundedUp(toMultipleOf: 64) - 10
    text += String(repeating: " ", count: length - 1 - text.utf8.count) + "\n"
    return magic + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)] + Array(text.utf8)
  }
}
