/// Numbers in half precision with one common scale.
///
/// The scale is a power of two that brings the largest number to between 2^14 and 2^15, so nothing overflows: a
/// number above 2^-28 of the largest is off by at most 2^-11 of itself, a smaller one by at most 2^-39 of the largest.
struct HalfPrecision: Equatable {
  /// The bits of the scaled numbers.
  var bits: [UInt16]
  /// What the numbers were multiplied with.
  var scale: Float

  init(bits: [UInt16], scale: Float) { (self.bits, self.scale) = (bits, scale) }

  /// - Precondition: the numbers are finite.
  init(_ values: [Float]) {
    let largest = values.reduce(0) { max($0, abs($1)) }
    precondition(largest.isFinite, "\(largest) has no half precision")
    // Powers beyond these are no single-precision numbers; what is so small is 0 in any case.
    let power = largest == 0 ? 0 : min(14 - largest.exponent, 126)
    let scale = Float(sign: .plus, exponent: power, significand: 1)
    self.scale = scale
    bits = values.map { Float16($0 * scale).bitPattern }
  }

  /// The numbers.
  var values: [Float] {
    let inverse = 1 / scale
    return bits.map { Float(Float16(bitPattern: $0)) * inverse }
  }
}
