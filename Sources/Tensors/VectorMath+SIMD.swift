// The same functions for values that stand in vectors already; a lane has the bits that the same
// number has in a buffer. They are meant to be inlined into the loops of other targets.

extension VectorMath {
  /// e to the power of each lane, within 1.1 ulp.
  @inlinable @inline(__always)
  package static func exp(_ x: SIMD4<Double>) -> SIMD4<Double> { lanes(of: x) { exp($0) } }

  /// e to the power of each lane, within 1.1 ulp.
  @inlinable @inline(__always)
  package static func exp(_ x: SIMD8<Double>) -> SIMD8<Double> { lanes(of: x) { exp($0) } }

  /// e to the power of each lane, within 1.1 ulp.
  @inlinable @inline(__always)
  package static func exp(_ x: SIMD4<Float>) -> SIMD4<Float> { lanes(of: x) { exp($0) } }

  /// e to the power of each lane, within 1.1 ulp.
  @inlinable @inline(__always)
  package static func exp(_ x: SIMD8<Float>) -> SIMD8<Float> { lanes(of: x) { exp($0) } }

  /// The natural logarithm of each lane, within 1 ulp.
  @inlinable @inline(__always)
  package static func log(_ x: SIMD4<Double>) -> SIMD4<Double> { lanes(of: x) { log($0) } }

  /// The natural logarithm of each lane, within 1 ulp.
  @inlinable @inline(__always)
  package static func log(_ x: SIMD8<Double>) -> SIMD8<Double> { lanes(of: x) { log($0) } }

  /// The natural logarithm of each lane, within 1 ulp.
  @inlinable @inline(__always)
  package static func log(_ x: SIMD4<Float>) -> SIMD4<Float> { lanes(of: x) { log($0) } }

  /// The natural logarithm of each lane, within 1 ulp.
  @inlinable @inline(__always)
  package static func log(_ x: SIMD8<Float>) -> SIMD8<Float> { lanes(of: x) { log($0) } }

  /// `body` of each lane.
  ///
  /// By way of memory: the compiler vectorises this loop, but takes a loop over a vector's
  /// subscripts apart into single numbers.
  @inlinable @inline(__always)
  static func lanes<Vector: SIMD>(
    of x: Vector, _ body: (Vector.Scalar) -> Vector.Scalar
  ) -> Vector {
    var result = x
    withUnsafeMutableBytes(of: &result) { bytes in
      let lanes = bytes.assumingMemoryBound(to: Vector.Scalar.self)
      for lane in 0..<Vector.scalarCount { lanes[lane] = body(lanes[lane]) }
    }
    return result
  }
}
