/// Elementary functions of four numbers at a time, written so that the compiler keeps them in vector
/// registers; about 1e-15 relative.
enum VectorMath {
  typealias Four = SIMD4<Double>

  /// Adding and subtracting this rounds to a whole number.
  private static let rounder = 0x1.8p52

  /// The exponential; arguments below -690 count as -690.
  @inline(__always)
  static func exp(_ argument: Four) -> Four {
    let lowest = Four(repeating: -690)
    let x = argument.replacing(with: lowest, where: argument .< lowest)
    let shifted = x * 1.4426950408889634 + rounder
    let k = shifted - rounder
    let r = (x - k * 0x1.62e42fee00000p-1) - k * 0x1.a39ef35793c76p-33
    // The Taylor series to the twelfth power, |r| <= ln 2 / 2, by Estrin's scheme.
    let r2 = r * r
    let r4 = r2 * r2
    let p01 = 1 + r
    let p23 = 0.5 + r * (1.0 / 6)
    let p45 = 1.0 / 24 + r * (1.0 / 120)
    let p67 = 1.0 / 720 + r * (1.0 / 5040)
    let p89 = 1.0 / 40320 + r * (1.0 / 362880)
    let p1011 = 1.0 / 3_628_800 + r * (1.0 / 39_916_800)
    let high = (p89 + r2 * p1011) + r4 * (1.0 / 479_001_600)
    let sum = (p01 + r2 * p23) + r4 * ((p45 + r2 * p67) + r4 * high)
    let bits = unsafeBitCast(shifted, to: SIMD4<UInt64>.self)
    let exponent = (bits &<< SIMD4(repeating: 52)) &+ SIMD4(repeating: 0x3ff0_0000_0000_0000)
    return sum * unsafeBitCast(exponent, to: Four.self)
  }

  /// One over the square root of positive numbers, by Newton's method.
  ///
  /// The vector types' own square root takes one lane at a time.
  @inline(__always)
  static func inverseSquareRoot(_ x: Four) -> Four {
    let bits = unsafeBitCast(x, to: SIMD4<UInt64>.self)
    let guess = SIMD4(repeating: 0x5fe6_eb50_c7b5_37a9) &- (bits &>> SIMD4(repeating: 1))
    let half = x * 0.5
    var y = unsafeBitCast(guess, to: Four.self)
    y = y * (1.5 - half * y * y)
    y = y * (1.5 - half * y * y)
    y = y * (1.5 - half * y * y)
    return y * (1.5 - half * y * y)
  }

  /// The natural logarithm; arguments below 1e-300 count as 1e-300.
  @inline(__always)
  static func log(_ argument: Four) -> Four {
    let lowest = Four(repeating: 1e-300)
    let x = argument.replacing(with: lowest, where: argument .< lowest)
    // The mantissa between sqrt(1/2) and sqrt(2), the exponent as a number above 2^52.
    let offset = SIMD4<UInt64>(repeating: 0x3fe6_a09e_667f_3bcd)
    let moved =
      unsafeBitCast(x, to: SIMD4<UInt64>.self) &- offset
      &+ SIMD4(repeating: 0x3ff0_0000_0000_0000)
    let biased = (moved &>> SIMD4(repeating: 52)) | SIMD4(repeating: 0x4330_0000_0000_0000)
    let k = unsafeBitCast(biased, to: Four.self) - (0x1p52 + 1023)
    let mantissa = (moved & SIMD4(repeating: 0x000f_ffff_ffff_ffff)) &+ offset
    let m = unsafeBitCast(mantissa, to: Four.self)
    // log m = 2 artanh((m - 1) / (m + 1)).
    let s = (m - 1) / (m + 1)
    let z = s * s
    var sum = z * (1.0 / 21) + 1.0 / 19
    sum = sum * z + 1.0 / 17
    sum = sum * z + 1.0 / 15
    sum = sum * z + 1.0 / 13
    sum = sum * z + 1.0 / 11
    sum = sum * z + 1.0 / 9
    sum = sum * z + 1.0 / 7
    sum = sum * z + 1.0 / 5
    sum = sum * z + 1.0 / 3
    return k * 0x1.62e42fefa39efp-1 + 2 * s * (1 + z * sum)
  }

  /// The cosine and the sine of `pi t` for t in 0...1.
  @inline(__always)
  static func cosSinPi(_ t: Four) -> (cos: Four, sin: Four) {
    let z = (t - 0.5) * Double.pi
    let z2 = z * z
    // Taylor series in nested form, |z| <= pi / 2.
    var sine = 1 - z2 * (1.0 / 420)
    sine = 1 - z2 * (1.0 / 342) * sine
    sine = 1 - z2 * (1.0 / 272) * sine
    sine = 1 - z2 * (1.0 / 210) * sine
    sine = 1 - z2 * (1.0 / 156) * sine
    sine = 1 - z2 * (1.0 / 110) * sine
    sine = 1 - z2 * (1.0 / 72) * sine
    sine = 1 - z2 * (1.0 / 42) * sine
    sine = 1 - z2 * (1.0 / 20) * sine
    sine = 1 - z2 * (1.0 / 6) * sine
    var cosine = 1 - z2 * (1.0 / 462)
    cosine = 1 - z2 * (1.0 / 380) * cosine
    cosine = 1 - z2 * (1.0 / 306) * cosine
    cosine = 1 - z2 * (1.0 / 240) * cosine
    cosine = 1 - z2 * (1.0 / 182) * cosine
    cosine = 1 - z2 * (1.0 / 132) * cosine
    cosine = 1 - z2 * (1.0 / 90) * cosine
    cosine = 1 - z2 * (1.0 / 56) * cosine
    cosine = 1 - z2 * (1.0 / 30) * cosine
    cosine = 1 - z2 * (1.0 / 12) * cosine
    cosine = 1 - z2 * (1.0 / 2) * cosine
    return (-(z * sine), cosine)
  }
}
