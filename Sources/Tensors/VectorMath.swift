/// Elementary functions of many numbers at once, faster than the C library's one by one.
///
/// An element's result does not depend on where it stands, on `count` or on the processor: the last
/// elements take the same path as the others. `input` and `output` may be the same; neither has to
/// be aligned.
@usableFromInline package enum VectorMath {
  /// e to the power of each element, within 1.1 ulp.
  package static func exp(
    _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ count: Int
  ) { map(input, output, count) { exp($0) } }

  /// e to the power of each element, within 1.1 ulp.
  package static func exp(
    _ input: UnsafePointer<Double>, _ output: UnsafeMutablePointer<Double>, _ count: Int
  ) { map(input, output, count) { exp($0) } }

  /// e to the power of minus the square of each element, within 1.2 ulp.
  package static func gaussian(
    _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ count: Int
  ) { map(input, output, count) { gaussian($0) } }

  /// e to the power of minus the square of each element, within 1.2 ulp.
  package static func gaussian(
    _ input: UnsafePointer<Double>, _ output: UnsafeMutablePointer<Double>, _ count: Int
  ) { map(input, output, count) { gaussian($0) } }

  /// The natural logarithm of each element, within 1 ulp.
  package static func log(
    _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ count: Int
  ) { map(input, output, count) { log($0) } }

  /// The natural logarithm of each element, within 1 ulp.
  package static func log(
    _ input: UnsafePointer<Double>, _ output: UnsafeMutablePointer<Double>, _ count: Int
  ) { map(input, output, count) { log($0) } }

  /// The hyperbolic tangent of each element, within 1.5 ulp.
  package static func tanh(
    _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ count: Int
  ) { map(input, output, count) { tanh($0) } }

  /// The hyperbolic tangent of each element, within 3 ulp.
  package static func tanh(
    _ input: UnsafePointer<Double>, _ output: UnsafeMutablePointer<Double>, _ count: Int
  ) { map(input, output, count) { tanh($0) } }

  @inline(__always)
  private static func map<T>(
    _ input: UnsafePointer<T>, _ output: UnsafeMutablePointer<T>, _ count: Int, _ body: (T) -> T
  ) {
    // Through one pointer the compiler sees that no iteration reads what another wrote.
    if input == UnsafePointer(output) {
      for index in 0..<count { output[index] = body(output[index]) }
    } else {
      for index in 0..<count { output[index] = body(input[index]) }
    }
  }
}
