import Tensors

/// Functions of four numbers at a time that only descriptors need, within 1e-15.
extension VectorMath {
  typealias Four = SIMD4<Double>

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
