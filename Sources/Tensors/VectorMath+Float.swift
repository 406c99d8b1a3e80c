// One float at a time and without branches, so that the compiler turns a loop over any of these into
// vector instructions of whatever width it is told to use. Products and sums are rounded one by
// one, never fused: a processor with fused multiply-add gives the bits of one without.

extension VectorMath {
  /// e to the power of x, within 1.1 ulp.
  @inlinable @inline(__always)
  package static func exp(_ x: Float) -> Float {
    let notAbove = x > 89 ? 89 : x
    let (n, r) = reduce(notAbove < -104 ? -104 : notAbove)
    return scale(1 + exponentialLessOne(r), n)
  }

  /// e to the power of minus the square of x, within 1.2 ulp.
  ///
  /// The square is taken as an exact sum of two numbers: its rounding error alone would be dozens
  /// of ulp of the result.
  @inlinable @inline(__always)
  package static func gaussian(_ x: Float) -> Float {
    let size = magnitude(x)
    let clamped = size > 11 ? 11 : size
    let upper = Float(bitPattern: clamped.bitPattern & (~0 << 12))
    let (n, r) = reduce(-(upper * upper))
    return scale(1 + exponentialLessOne(r - (clamped - upper) * (clamped + upper)), n)
  }

  /// The natural logarithm of x, within 1 ulp: NaN below zero, minus infinity at zero.
  ///
  /// With x = 2^n (1 + f) and s = f / (2 + f), log(1 + f) is 2 s + s R(s^2).
  @inlinable @inline(__always)
  package static func log(_ x: Float) -> Float {
    let isTiny = x < Float.leastNormalMagnitude
    let (exponent, f) = split(isTiny ? x * 0x1p25 : x)
    let n = exponent - (isTiny ? 25 : 0)
    let s = f / (2 + f)
    let half = 0.5 * f * f
    let tail = s * (half + logarithmSeries(s * s)) + n * logOfTwoLowFloat
    let finite = n * logOfTwoHighFloat - ((half - tail) - f)
    let positive = x < Float.infinity ? finite : x
    let special = x == 0 ? -Float.infinity : Float.nan
    return x <= 0 ? special : positive
  }

  /// The hyperbolic tangent of x, within 1.5 ulp: an odd polynomial up to one half,
  /// 1 - 2 / (exp(2 |x|) + 1) above.
  @inlinable @inline(__always)
  package static func tanh(_ x: Float) -> Float {
    let size = magnitude(x)
    let (n, r) = reduce(2 * (size > 10 ? 10 : size))
    let large = 1 - 2 / (powerOfTwo(n) * (1 + exponentialLessOne(r)) + 1)
    let small = size + size * tangentSeries(size * size)
    return signed(size > 0.55 ? large : small, like: x)
  }
}

extension VectorMath {
  /// log(2) in two parts, the first so short that its products with exponents are exact.
  @inlinable @inline(__always) static var logOfTwoHighFloat: Float { 0x1.62e4p-1 }
  @inlinable @inline(__always) static var logOfTwoLowFloat: Float { 0x1.7f7d1cp-20 }

  /// Adding it to a small number leaves in the lowest bits the nearest integer, plus twice the bias
  /// of an exponent.
  @inlinable @inline(__always) static var shiftFloat: Float { 0x1.8p23 + 254 }

  @inlinable @inline(__always)
  static func magnitude(_ x: Float) -> Float { Float(bitPattern: x.bitPattern & (~0 >> 1)) }

  /// The magnitude of a positive number with the sign of another.
  @inlinable @inline(__always)
  static func signed(_ size: Float, like x: Float) -> Float {
    Float(bitPattern: size.bitPattern | (x.bitPattern & (1 << 31)))
  }

  /// The integer n, as the lowest bits of n + shiftFloat, and the rest r, at most log(2) / 2, of
  /// x = n log(2) + r.
  @inlinable @inline(__always)
  static func reduce(_ x: Float) -> (n: UInt32, r: Float) {
    let shifted = x * 0x1.715476p0 + shiftFloat
    let n = shifted - shiftFloat
    return (shifted.bitPattern, (x - n * logOfTwoHighFloat) - n * logOfTwoLowFloat)
  }

  /// 2^n for n from `reduce`, in -126...127.
  @inlinable @inline(__always)
  static func powerOfTwo(_ n: UInt32) -> Float { Float(bitPattern: (n &- 127) &<< 23) }

  /// x 2^n for n from `reduce`, in -252...254.
  ///
  /// In two factors, each a normal number: a subnormal result is rounded once, by the last one.
  @inlinable @inline(__always)
  static func scale(_ x: Float, _ n: UInt32) -> Float {
    let half = n &>> 1
    return x * Float(bitPattern: half &<< 23) * Float(bitPattern: (n &- half) &<< 23)
  }

  /// x = 2^n (1 + f) with 1 + f in sqrt(1/2)..<sqrt(2), for normal numbers.
  @inlinable @inline(__always)
  static func split(_ x: Float) -> (n: Float, f: Float) {
    // The sum carries into the exponent from sqrt(1/2) on.
    let rootHalf: UInt32 = 0x3F35_04F3
    let moved = x.bitPattern &+ (0x3F80_0000 - rootHalf)
    let mantissa = Float(bitPattern: (moved & 0x007F_FFFF) &+ rootHalf)
    // Or-ed into 2^23, the biased exponent is the lowest bits of a float.
    let exponent = Float(bitPattern: (moved &>> 23) | 0x4B00_0000)
    return (exponent - (0x1p23 + 127), mantissa - 1)
  }

  /// exp(r) - 1 for r up to log(2) / 2, by the polynomial of least relative error, 2^-31.
  @inlinable @inline(__always)
  static func exponentialLessOne(_ r: Float) -> Float {
    let r2 = r * r
    let a = 0.5 + 0x1.555554p-3 * r
    let b = 0x1.5554b4p-5 + 0x1.111184p-7 * r
    let c = 0x1.6d7042p-10 + 0x1.a03956p-13 * r
    let p = (a + b * r2) + r2 * r2 * c
    return r + r2 * p
  }

  /// log((1 + s) / (1 - s)) / s - 2 for z = s^2, by the polynomial of least relative error, 2^-30.
  @inlinable @inline(__always)
  static func logarithmSeries(_ z: Float) -> Float {
    let z2 = z * z
    let a = 0x1.55557ap-1 + 0x1.995e9cp-2 * z
    let p = a + 0x1.31e656p-2 * z2
    return z * p
  }

  /// tanh(x) / x - 1 for z = x^2 up to 0.3, by the polynomial of least relative error, 2^-29.
  @inlinable @inline(__always)
  static func tangentSeries(_ z: Float) -> Float {
    let z2 = z * z
    let a = -0x1.55554cp-2 + 0x1.110d36p-3 * z
    let b = -0x1.b92ac8p-5 + 0x1.594e1ep-6 * z
    let p = (a + b * z2) + z2 * z2 * -0x1.9b879ap-8
    return z * p
  }
}
