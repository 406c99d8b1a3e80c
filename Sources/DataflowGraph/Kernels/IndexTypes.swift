import Tensors

/// The types of whole numbers that sizes, places and indices are given in.
protocol IndexElement: KernelInteger {}

extension Int32: IndexElement {}
extension Int64: IndexElement {}

extension TensorView {
  /// Writes a whole number of the type `int32` or `int64`.
  func setInteger(_ value: Int, at index: Int, _ type: ElementType) {
    if type == .int32 {
      elements(Int32.self)[index] = Int32(truncatingIfNeeded: value)
    } else {
      elements(Int64.self)[index] = Int64(value)
    }
  }

  /// A whole number of the type `int32` or `int64`.
  func integer(at index: Int, _ type: ElementType) -> Int {
    type == .int32 ? Int(elements(Int32.self)[index]) : Int(elements(Int64.self)[index])
  }
}

/// What operations say that give sizes as tensors.
struct SizeType {
  let type: ElementType

  init(_ type: ElementType) { self.type = type }

  /// - Throws: `GraphError` for what is not a type of indices.
  init(attributes: Attributes) throws {
    type = try attributes.type("out_type", default: .int32)
    guard type == .int32 || type == .int64 else {
      throw GraphError("attribute out_type = \(type); allowed: \(ElementType.list(.indices))")
    }
  }

  var attributes: Attributes { ["out_type": .type(type)] }
}
