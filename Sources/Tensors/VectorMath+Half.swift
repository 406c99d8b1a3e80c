import CProcessor

extension VectorMath {
  /// Eight numbers of half precision in single precision, exactly.
  @inlinable @inline(__always)
  package static func single(_ halves: UnsafeRawPointer) -> SIMD8<Float> {
    guard processor_converts_half() != 0 else {
      return singleFromBits(halves.loadUnaligned(as: SIMD8<UInt16>.self))
    }
    return processor_singles_of_halves(halves)
  }

  /// The same from the bits, for processors without an instruction.
  ///
  /// The exponent counts from -15 there and from -127 here. Below the normal numbers it is that of the least normal one,
  /// without the leading 1, which is put before and taken off again: no step of it is a number below the normal ones of
  /// single precision, which threads may take for zero.
  @inlinable @inline(never)
  package static func singleFromBits(_ bits: SIMD8<UInt16>) -> SIMD8<Float> {
    let wide = SIMD8(
      UInt32(bits[0]), UInt32(bits[1]), UInt32(bits[2]), UInt32(bits[3]), UInt32(bits[4]),
      UInt32(bits[5]), UInt32(bits[6]), UInt32(bits[7]))
    let magnitude = wide & 0x7FFF
    var result = magnitude &<< 13 &+ 112 &<< 23
    let small = unsafeBitCast(result &+ 1 &<< 23, to: SIMD8<Float>.self) - 0x1p-14
    result.replace(with: unsafeBitCast(small, to: SIMD8<UInt32>.self), where: magnitude .< 0x400)
    // Infinity and what is no number have the largest exponent.
    result.replace(with: result | 0x7F80_0000, where: magnitude .>= 0x7C00)
    return unsafeBitCast(result | (wide & 0x8000) &<< 16, to: SIMD8<Float>.self)
  }
}
