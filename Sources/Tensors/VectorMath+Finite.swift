extension VectorMath {
  /// Whether all of some numbers are finite, which may be at any address.
  @inlinable
  package static func areFinite<T: BinaryFloatingPoint & SIMDScalar & BitwiseCopyable>(
    _ bytes: UnsafeRawPointer, count: Int, of type: T.Type = T.self
  ) -> Bool {
    // x - x is 0 for finite numbers and NaN for others, and NaN stays in a sum.
    var lanes = SIMD16<T>(repeating: 0)
    let whole = count / 16 * 16
    let size = MemoryLayout<T>.stride
    for index in stride(from: 0, to: whole, by: 16) {
      let some = bytes.loadUnaligned(fromByteOffset: index * size, as: SIMD16<T>.self)
      lanes += some - some
    }
    for index in whole..<count {
      let one = bytes.loadUnaligned(fromByteOffset: index * size, as: T.self)
      lanes[0] += one - one
    }
    return lanes == SIMD16(repeating: 0)
  }
}
