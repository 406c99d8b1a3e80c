import Foundation
import Tensors

/// NumPy's `.npy` files.
public enum NumPyFile {
  /// Reads an array; column-major ones are transposed into row-major order.
  ///
  /// Versions 1.0, 2.0 and 3.0 with elements `<f4`, `<f8`, `<i4`, `<i8`, `|u1` and `|b1`.
  ///
  /// - Throws: `FormatError` that names the file and what is wrong with it.
  public static func read(_ file: URL) throws(FormatError) -> Tensor {
    // Also of pipes, such as shells make of `<(…)`.
    guard let input = FileHandle(forReadingAtPath: file.path),
      let data = try? input.readToEnd() ?? Data()
    else { throw FormatError(file: file.path, "cannot be read") }
    do {
      return try decode([UInt8](data))
    } catch {
      throw FormatError(file: file.path, offset: error.offset, error.message)
    }
  }

  /// Writes an array as NumPy itself does, format 1.0; the file appears whole or not at all.
  ///
  /// - Throws: `FormatError` that names the file.
  public static func write(_ tensor: Tensor, to file: URL) throws {
    try AtomicFile.write(encode(tensor), to: file)
  }

  package static func decode(_ bytes: [UInt8]) throws(FormatError) -> Tensor {
    let header = try NumPyHeader(bytes)
    let dimensions =
      header.isColumnMajor ? Array(header.dimensions.reversed()) : header.dimensions
    var error: FormatError?
    let tensor = bytes.withUnsafeBytes { bytes -> Tensor? in
      do throws(FormatError) {
        return try Tensor(
          contentOfFile: UnsafeRawBufferPointer(rebasing: bytes[header.size...]),
          dimensions: dimensions, elementType: header.elementType)
      } catch let wrong {
        error = wrong
        return nil
      }
    }
    guard let tensor else { throw error! }
    return header.isColumnMajor ? tensor.transposed() : tensor
  }

  package static func encode(_ tensor: Tensor) -> [UInt8] {
    let header = NumPyHeader.encode(tensor.elementType, tensor.shape.dimensions)
    return tensor.withBytes { header + $0 }
  }
}

extension Tensor {
  /// The tensor with its dimensions in reverse order.
  fileprivate func transposed() -> Tensor {
    switch elementType.size {
    case 1: transposed(of: UInt8.self)
    case 2: transposed(of: UInt16.self)
    case 4: transposed(of: UInt32.self)
    default: transposed(of: UInt64.self)
    }
  }

  private func transposed<Bits: FixedWidthInteger>(of _: Bits.Type) -> Tensor {
    var result = Tensor(zeros: Shape(shape.dimensions.reversed()), elementType: elementType)
    result.withMutableBytes { target in
      withBytes { source in
        let (target, source) = (target.bindMemory(to: Bits.self), source.bindMemory(to: Bits.self))
        for index in 0..<elementCount {
          var (rest, place) = (index, 0)
          for dimension in shape.dimensions.reversed() {
            place = place * dimension + rest % dimension
            rest /= dimension
          }
          target[place] = source[index]
        }
      }
    }
    return result
  }
}
