extension VectorMath {
  /// Whether all of some numbers are finite, which may be at any address.
  @inlinable
  package static func areFinite<T: BinaryFloatingPoint & SIMDScalar & BitwiseCopyable>(
    _ bytes: UnsafeRawPointer, count: Int, of type: T.Type = T.self
  ) -> Bool {
    // x - x is 0 for finite numbers and NaN for others, and NaN stays in a sum.
    let zero = SIMD16<T>(repeating: 0)
    let size = MemoryLayout<T>.stride
    // Four sums, since one waits for itself.
    var lanes = (zero, zero, zero, zero)
    var index = 0
    while index &+ 64 <= count {
      let next = bytes + index &* size
      let (one, two, three, four) = (
        next.loadUnaligned(as: SIMD16<T>.self),
        next.loadUnaligned(fromByteOffset: 16 &* size, as: SIMD16<T>.self),
        next.loadUnaligned(fromByteOffset: 32 &* size, as: SIMD16<T>.self),
        next.loadUnaligned(fromByteOffset: 48 &* size, as: SIMD16<T>.self)
      )
      lanes.0 += one - one
      lanes.1 += two - two
      lanes.2 += three - three
      lanes.3 += four - four
      index &+= 64
    }
    while index < count {
      let one = bytes.loadUnaligned(fromByteOffset: index &* size, as: T.self)
      lanes.0[0] += one - one
      index &+= 1
    }
    return lanes.0 + lanes.1 + (lanes.2 + lanes.3) == zero
  }
}
