// One double at a time and without branches, so that the compiler turns a loop over any of these into
// vector instructions of whatever width it is told to use. Products and sums are rounded one by
// one, never fused: a processor with fused multiply-add gives the bits of one without.

extension VectorMath {
  /// e to the power of x, within 1.1 ulp.
  @inlinable @inline(__always)
  package static func exp(_ x: Double) -> Double {
    let notAbove = x > 710 ? 710 : x
    let (n, r) = reduce(notAbove < -750 ? -750 : notAbove)
    return scale(1 + exponentialLessOne(r), n)
  }

  /// e to the power of minus the square of x, within 1.2 ulp.
  ///
  /// The square is taken as an exact sum of two numbers: its rounding error alone would be hundreds
  /// of ulp of the result.
  @inlinable @inline(__always)
  package static func gaussian(_ x: Double) -> Double {
    let size = magnitude(x)
    let clamped = size > 28 ? 28 : size
    let upper = Double(bitPattern: clamped.bitPattern & (~0 << 27))
    let (n, r) = reduce(-(upper * upper))
    return scale(1 + exponentialLessOne(r - (clamped - upper) * (clamped + upper)), n)
  }

  /// The natural logarithm of x, within 1 ulp: NaN below zero, minus infinity at zero.
  ///
  /// With x = 2^n (1 + f) and s = f / (2 + f), log(1 + f) is 2 s + s R(s^2).
  @inlinable @inline(__always)
  package static func log(_ x: Double) -> Double {
    let isTiny = x < Double.leastNormalMagnitude
    let (exponent, f) = split(isTiny ? x * 0x1p54 : x)
    let n = exponent - (isTiny ? 54 : 0)
    let s = f / (2 + f)
    let half = 0.5 * f * f
    let tail = s * (half + logarithmSeries(s * s)) + n * logOfTwoLow
    let finite = n * logOfTwoHigh - ((half - tail) - f)
    let positive = x < Double.infinity ? finite : x
    let special = x == 0 ? -Double.infinity : Double.nan
    return x <= 0 ? special : positive
  }

  /// The hyperbolic tangent of x, within 3 ulp: E / (E + 2) with E = exp(2 |x|) - 1.
  @inlinable @inline(__always)
  package static func tanh(_ x: Double) -> Double {
    let size = magnitude(x)
    let (n, r) = reduce(2 * (size > 20 ? 20 : size))
    let power = powerOfTwo(n)
    let e = power * exponentialLessOne(r) + (power - 1)
    return signed(e / (e + 2), like: x)
  }
}

extension VectorMath {
  /// log(2) in two parts, the first so short that its products with exponents are exact.
  @inlinable @inline(__always) static var logOfTwoHigh: Double { 0x1.62e42fefa38p-1 }
  @inlinable @inline(__always) static var logOfTwoLow: Double { 0x1.ef35793c7673p-45 }

  /// Adding it to a small number leaves in the lowest bits the nearest integer, plus twice the bias
  /// of an exponent.
  @inlinable @inline(__always) static var shift: Double { 0x1.8p52 + 2046 }

  @inlinable @inline(__always)
  static func magnitude(_ x: Double) -> Double { Double(bitPattern: x.bitPattern & (~0 >> 1)) }

  /// The magnitude of a positive number with the sign of another.
  @inlinable @inline(__always)
  static func signed(_ size: Double, like x: Double) -> Double {
    Double(bitPattern: size.bitPattern | (x.bitPattern & (1 << 63)))
  }

  /// The integer n, as the lowest bits of n + shift, and the rest r, at most log(2) / 2, of
  /// x = n log(2) + r.
  @inlinable @inline(__always)
  static func reduce(_ x: Double) -> (n: UInt64, r: Double) {
    let shifted = x * 0x1.71547652b82fep0 + shift
    let n = shifted - shift
    return (shifted.bitPattern, (x - n * logOfTwoHigh) - n * logOfTwoLow)
  }

  /// 2^n for n from `reduce`, in -1022...1023.
  @inlinable @inline(__always)
  static func powerOfTwo(_ n: UInt64) -> Double { Double(bitPattern: (n &- 1023) &<< 52) }

  /// x 2^n for n from `reduce`, in -2044...2046.
  ///
  /// In two factors, each a normal number: a subnormal result is rounded once, by the last one.
  @inlinable @inline(__always)
  static func scale(_ x: Double, _ n: UInt64) -> Double {
    let half = n &>> 1
    return x * Double(bitPattern: half &<< 52) * Double(bitPattern: (n &- half) &<< 52)
  }

  /// x = 2^n (1 + f) with 1 + f in sqrt(1/2)..<sqrt(2), for normal numbers.
  @inlinable @inline(__always)
  static func split(_ x: Double) -> (n: Double, f: Double) {
    // The sum carries into the exponent from sqrt(1/2) on.
    let rootHalf: UInt64 = 0x3FE6_A09E_667F_3BCD
    let moved = x.bitPattern &+ (0x3FF0_0000_0000_0000 - rootHalf)
    let mantissa = Double(bitPattern: (moved & 0x000F_FFFF_FFFF_FFFF) &+ rootHalf)
    // Or-ed into 2^52, the biased exponent is the lowest bits of a double.
    let exponent = Double(bitPattern: (moved &>> 52) | 0x4330_0000_0000_0000)
    return (exponent - (0x1p52 + 1023), mantissa - 1)
  }

  /// exp(r) - 1 for r up to log(2) / 2, by the polynomial of least relative error, 2^-55.
  @inlinable @inline(__always)
  static func exponentialLessOne(_ r: Double) -> Double {
    let r2 = r * r
    let a = 0x1.0000000000004p-1 + 0x1.555555555553bp-3 * r
    let b = 0x1.5555555552479p-5 + 0x1.1111111118955p-7 * r
    let c = 0x1.6c16c17e7f54bp-10 + 0x1.a01a0176fde05p-13 * r
    let d = 0x1.a019a85aa0b16p-16 + 0x1.71de84367d689p-19 * r
    let e = 0x1.28a112efc2d41p-22 + 0x1.ae7113245132cp-26 * r
    let r4 = r2 * r2
    let p = (a + b * r2) + r4 * ((c + d * r2) + r4 * e)
    return r + r2 * p
  }

  /// log((1 + s) / (1 - s)) / s - 2 for z = s^2, by the polynomial of least relative error, 2^-59.
  @inlinable @inline(__always)
  static func logarithmSeries(_ z: Double) -> Double {
    let z2 = z * z
    let a = 0x1.5555555555593p-1 + 0x1.999999997fb83p-2 * z
    let b = 0x1.2492494213d71p-2 + 0x1.c71c51eaa8b81p-3 * z
    let c = 0x1.746645ad84d35p-3 + 0x1.39a100b95d781p-3 * z
    let p = (a + b * z2) + z2 * z2 * (c + 0x1.2f0d2123d811fp-3 * z2)
    return z * p
  }
}
