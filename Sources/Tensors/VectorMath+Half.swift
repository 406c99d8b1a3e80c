import CProcessor

extension VectorMath {
  /// Eight numbers of half precision in single precision, exactly.
  @inlinable @inline(__always)
  package static func single(_ halves: UnsafeRawPointer) -> SIMD8<Float> {
    guard processor_converts_half() != 0 else {
      return singleByProduct(halves.loadUnaligned(as: SIMD8<UInt16>.self))
    }
    return processor_singles_of_halves(halves)
  }

  /// The same from the bits, for processors without an instruction.
  ///
  /// The exponent counts from -15 there and from -127 here; a product with the power of two between them is exact
  /// for numbers below the normal ones too.
  @inlinable @inline(never)
  package static func singleByProduct(_ bits: SIMD8<UInt16>) -> SIMD8<Float> {
    let wide = SIMD8(
      UInt32(bits[0]), UInt32(bits[1]), UInt32(bits[2]), UInt32(bits[3]), UInt32(bits[4]),
      UInt32(bits[5]), UInt32(bits[6]), UInt32(bits[7]))
    let magnitude = wide & 0x7FFF
    let scaled = unsafeBitCast(magnitude &<< 13, to: SIMD8<Float>.self) * 0x1p112
    var result = unsafeBitCast(scaled, to: SIMD8<UInt32>.self) | (wide & 0x8000) &<< 16
    // Infinity and what is no number have the largest exponent.
    result = result.replacing(
      with: result | 0x7F80_0000, where: magnitude .>= SIMD8(repeating: 0x7C00))
    return unsafeBitCast(result, to: SIMD8<Float>.self)
  }
}
