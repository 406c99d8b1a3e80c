import Tensors

/// How the elements of a tensor stand in a file: as they are here, or in half precision.
enum FileElement {
  case same(ElementType)
  case half
  case bfloat16

  /// Nil for a type that tensors here do not have.
  init?(_ type: DataType) {
    switch type {
    case .half: self = .half
    case .bfloat16: self = .bfloat16
    default:
      guard let element = type.elementType, element != .resource else { return nil }
      self = .same(element)
    }
  }

  /// The type of the tensor.
  var elementType: ElementType { if case .same(let type) = self { type } else { .float32 } }

  /// - Throws: `FormatError` where the bytes do not fit the shape.
  func tensor(_ bytes: [UInt8], _ dimensions: [Int]) throws(FormatError) -> Tensor {
    var content = bytes
    if case .same = self {
    } else {
      content = stride(from: 0, to: bytes.count - 1, by: 2).flatMap { index -> [UInt8] in
        widened(UInt16(bytes[index]) | UInt16(bytes[index + 1]) << 8).bytes
      }
    }
    var result: Tensor?
    var failure: FormatError?
    content.withUnsafeBytes { content in
      do throws(FormatError) {
        result = try Tensor(
          contentOfFile: content, dimensions: dimensions, elementType: elementType)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return result!
  }

  /// The bits of the same number in single precision.
  private func widened(_ bits: UInt16) -> UInt32 {
    let wide = UInt32(bits)
    if case .bfloat16 = self { return wide << 16 }
    let (sign, exponent, fraction) = ((wide & 0x8000) << 16, wide >> 10 & 0x1F, wide & 0x3FF)
    switch exponent {
    case 0: return sign | (Float(fraction) * 0x1p-24).bitPattern
    case 0x1F: return sign | 0x7F80_0000 | fraction << 13
    default: return sign | (exponent + 112) << 23 | fraction << 13
    }
  }
}

extension UInt32 {
  /// Lowest first.
  var bytes: [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: self >> (8 * $0)) } }
}

extension BundleEntry.Slice {
  /// Whether a tensor is as large as the part, and the part within the whole.
  func fits(_ dimensions: [Int], _ tensor: Tensor) -> Bool {
    guard starts.count == dimensions.count, tensor.shape.rank == dimensions.count else {
      return false
    }
    return dimensions.indices.allSatisfy { axis in
      let length = lengths[axis] ?? dimensions[axis]
      return starts[axis] >= 0 && tensor.shape[axis] == length
        && length <= dimensions[axis] - starts[axis]
    }
  }
}

extension Tensor {
  /// Puts a smaller tensor into this one.
  mutating func insert(_ part: Tensor, at starts: [Int]) {
    guard part.elementCount > 0 else { return }
    let (shape, size) = (shape, elementType.size)
    let columns = (part.shape.dimensions.last ?? 1) * size
    let rows = part.byteCount / columns
    withMutableBytes { target in
      part.withBytes { source in
        for row in 0..<rows {
          // The place of the row's first element, from the innermost axis but one outwards.
          var (rest, place, stride) = (row, starts.last ?? 0, shape.dimensions.last ?? 1)
          for axis in (0..<max(0, shape.rank - 1)).reversed() {
            place += (rest % part.shape[axis] + starts[axis]) * stride
            rest /= part.shape[axis]
            stride *= shape[axis]
          }
          UnsafeMutableRawBufferPointer(rebasing: target[(place * size)..<(place * size + columns)])
            .copyMemory(
              from: UnsafeRawBufferPointer(
                rebasing: source[(row * columns)..<((row + 1) * columns)]))
        }
      }
    }
  }
}
