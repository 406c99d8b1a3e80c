import Tensors

/// Numbers in half precision with one common scale.
///
/// The scale is a power of two that brings the largest number to between 2^14 and 2^15, so nothing overflows: a
/// number above 2^-28 of the largest is off by at most 2^-11 of itself, a smaller one by at most 2^-39 of the largest.
struct HalfPrecision: Equatable {
  /// The bits of the scaled numbers.
  var bits: [UInt16]
  /// What the numbers were multiplied with.
  var scale: Float

  /// Numbers that are not finite stay so.
  init(_ values: [Float]) {
    let largest = values.reduce(0) { $1.isFinite ? max($0, abs($1)) : $0 }
    // Powers beyond these are no single-precision numbers; what is so small is 0 in any case.
    let power = largest == 0 ? 0 : min(14 - largest.exponent, 126)
    let scale = Float(sign: .plus, exponent: power, significand: 1)
    self.scale = scale
    bits = values.map { Float16($0 * scale).bitPattern }
  }

  /// Writes the numbers whose bits lie in some bytes.
  static func expand(
    _ bits: UnsafeRawBufferPointer, inverseScale: Float, to target: UnsafeMutablePointer<Float>
  ) {
    guard let start = bits.baseAddress else { return }
    let (count, whole) = (bits.count / 2, bits.count / 16 * 8)
    for index in stride(from: 0, to: whole, by: 8) {
      UnsafeMutableRawPointer(target + index).storeBytes(
        of: VectorMath.single(start + 2 * index) * inverseScale, as: SIMD8<Float>.self)
    }
    for index in whole..<count {
      let one = start.loadUnaligned(fromByteOffset: 2 * index, as: Float16.self)
      target[index] = Float(one) * inverseScale
    }
  }

  /// Whether all numbers whose bits lie in some bytes are finite.
  static func areFinite(_ bits: UnsafeRawBufferPointer) -> Bool {
    guard let start = bits.baseAddress else { return true }
    var isWrong: UInt16 = 0
    for index in 0..<bits.count / 2 {
      let half = UInt16(
        littleEndian: start.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self))
      isWrong |= half & 0x7C00 == 0x7C00 ? 1 : 0
    }
    return isWrong == 0
  }
}
