import Foundation
import Tensors

/// NumPy's `.npy` files.
public enum NumPyFile {
  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

  private static let descriptors: [(String, ElementType)] = [
    ("<f4", .float32), ("<f8", .float64), ("<i4", .int32), ("<i8", .int64), ("|u1", .uint8),
    ("|b1", .bool),
  ]

  /// Reads an array; column-major ones are transposed into row-major order.
  ///
  /// - Throws: `FormatError` that names the file and what is wrong with it.
  public static func read(_ file: URL) throws -> Tensor {
    guard let data = FileManager.default.contents(atPath: file.path) else {
      throw FormatError(file: file.path, "cannot be read")
    }
    do {
      return try read(data)
    } catch let error as FormatError {
      throw FormatError(file: file.path, error.message)
    }
  }

  package static func read(_ data: Data) throws -> Tensor {
    let bytes = [UInt8](data)
    guard bytes.starts(with: magic), bytes.count >= 12 else {
      throw FormatError("is no NumPy file: it does not begin with \\x93NUMPY")
    }
    guard (1...3).contains(bytes[6]) else {
      throw FormatError("has format version \(bytes[6]); allowed: 1, 2, 3")
    }
    let sizeLength = bytes[6] == 1 ? 2 : 4
    let headerLength = (0..<sizeLength).reduce(0) { $0 | Int(bytes[8 + $1]) << (8 * $1) }
    let start = 8 + sizeLength + headerLength
    guard start <= bytes.count else { throw FormatError("ends within its header") }
    let header = String(decoding: bytes[8 + sizeLength..<start], as: UTF8.self)
    let (type, isColumnMajor, shape) = try parse(header)
    let content = bytes.count - start
    guard content == shape.elementCount * type.size else {
      throw FormatError(
        "holds \(content) bytes of data, \(type)\(shape) has \(shape.elementCount * type.size)")
    }
    var tensor = Tensor(
      zeros: isColumnMajor ? Shape(shape.dimensions.reversed()) : shape, elementType: type)
    tensor.withMutableBytes { $0.copyBytes(from: bytes[start...]) }
    return isColumnMajor ? tensor.transposed() : tensor
  }

  /// `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }`
  private static func parse(_ header: String) throws -> (ElementType, Bool, Shape) {
    func text(after key: String) throws -> Substring {
      guard let range = header.range(of: "'\(key)':") else {
        throw FormatError("has no \(key) in its header")
      }
      return header[range.upperBound...].drop { $0 == " " }
    }
    let quoted = try text(after: "descr").dropFirst().prefix { $0 != "'" }
    let found = quoted.replacingOccurrences(of: "<u1", with: "|u1")
    guard let type = descriptors.first(where: { $0.0 == found })?.1 else {
      let allowed = descriptors.map(\.0).joined(separator: ", ")
      throw FormatError("holds elements of type \(quoted); allowed: \(allowed)")
    }
    let isColumnMajor = try text(after: "fortran_order").hasPrefix("True")
    let list = try text(after: "shape").dropFirst().prefix { $0 != ")" }
    let sizes = try list.split(separator: ",").map { part in
      let digits = part.filter { $0 != " " }
      guard let size = Int(digits), size >= 0 else { throw FormatError("has the shape (\(list))") }
      return size
    }
    return (type, isColumnMajor, Shape(sizes))
  }

  /// Writes an array as NumPy itself does, format 1.0; the file appears whole or not at all.
  public static func write(_ tensor: Tensor, to file: URL) throws {
    try AtomicFile.write(encode(tensor), to: file)
  }

  package static func encode(_ tensor: Tensor) -> [UInt8] {
    let descriptor = descriptors.first { $0.1 == tensor.elementType }!.0
    let sizes = tensor.shape.dimensions.map(String.init)
    let shape = sizes.count == 1 ? "(\(sizes[0]),)" : "(\(sizes.joined(separator: ", ")))"
    var header = "{'descr': '\(descriptor)', 'fortran_order': False, 'shape': \(shape), }"
    // Data begin at a multiple of 64 bytes, the header ends with a newline.
    let length = (10 + header.utf8.count + 1).roundedUp(toMultipleOf: 64) - 10
    header += String(repeating: " ", count: length - 1 - header.utf8.count) + "\n"
    let prefix = magic + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)]
    return tensor.withBytes { prefix + Array(header.utf8) + $0 }
  }
}

extension Tensor {
  /// The tensor with its dimensions in reverse order.
  fileprivate func transposed() -> Tensor {
    var result = Tensor(zeros: Shape(shape.dimensions.reversed()), elementType: elementType)
    let size = elementType.size
    result.withMutableBytes { target in
      withBytes { source in
        for index in 0..<elementCount {
          var (rest, offset) = (index, 0)
          for dimension in shape.dimensions.reversed() {
            offset = offset * dimension + rest % dimension
            rest /= dimension
          }
          for byte in 0..<size { target[offset * size + byte] = source[index * size + byte] }
        }
      }
    }
    return result
  }
}
