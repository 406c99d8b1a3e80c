import Foundation
import Testing

@testable import Tensors

#if arch(x86_64)
  private typealias Exact = Float80
#else
  private typealias Exact = Double
#endif

private enum Function: CaseIterable {
  case exp, gaussian, log, tanh

  func vector(_ x: [Float]) -> [Float] {
    var y = x
    x.withUnsafeBufferPointer { x in
      y.withUnsafeMutableBufferPointer { apply(x.baseAddress!, $0.baseAddress!, x.count) }
    }
    return y
  }

  func vector(_ x: [Double]) -> [Double] {
    var y = x
    x.withUnsafeBufferPointer { x in
      y.withUnsafeMutableBufferPointer { apply(x.baseAddress!, $0.baseAddress!, x.count) }
    }
    return y
  }

  func apply(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int) {
    switch self {
    case .exp: VectorMath.exp(x, y, count)
    case .gaussian: VectorMath.gaussian(x, y, count)
    case .log: VectorMath.log(x, y, count)
    case .tanh: VectorMath.tanh(x, y, count)
    }
  }

  func apply(_ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>, _ count: Int) {
    switch self {
    case .exp: VectorMath.exp(x, y, count)
    case .gaussian: VectorMath.gaussian(x, y, count)
    case .log: VectorMath.log(x, y, count)
    case .tanh: VectorMath.tanh(x, y, count)
    }
  }

  func exact(_ x: Exact) -> Exact {
    switch self {
    case .exp: Foundation.exp(x)
    case .gaussian: Foundation.exp(-x * x)
    case .log: Foundation.log(x)
    case .tanh: Foundation.tanh(x)
    }
  }

  /// The documented errors in units of the last place, for Float and Double.
  var allowed: (float: Exact, double: Exact) {
    switch self {
    case .exp: (1.1, 1.1)
    case .gaussian: (1.2, 1.2)
    case .log: (1, 1)
    case .tanh: (1.5, 3)
    }
  }
}

@Suite struct VectorMathTests {
  /// The largest error in ulp, and where; infinite where zeros, infinities, NaN or signs differ.
  private func worst<T: BinaryFloatingPoint>(
    _ x: [T], _ y: [T], _ function: Function
  ) -> (error: Exact, x: T) {
    var worst = (error: 0 as Exact, x: 0 as T)
    for (x, y) in zip(x, y) {
      let exact = function.exact(Exact(x))
      let rounded = T(exact)
      if rounded.isNaN && y.isNaN || rounded == y && rounded.sign == y.sign { continue }
      let error = abs(Exact(y) - exact) / Exact(rounded.ulp)
      if !(error <= worst.error) { worst = (error.isNaN ? .infinity : error, x) }
    }
    return worst
  }

  @Test(.timeLimit(.minutes(10)), arguments: Function.allCases)
  private func floatsOfEveryExponent(_ function: Function) {
    // An odd step through all bit patterns: 1,900 numbers of each exponent and sign.
    let x = stride(from: 0 as UInt32, to: .max - 4409, by: 4409).map(Float.init(bitPattern:))
    let (error, at) = worst(x, function.vector(x), function)
    #expect(error <= function.allowed.float, "at \(at)")
  }

  @Test(.timeLimit(.minutes(10)), arguments: Function.allCases)
  private func doublesOfEveryExponent(_ function: Function) {
    var generator = PhiloxGenerator(seed: 5)
    let x = (0..<1_000_000).map { _ in Double(bitPattern: generator.next()) }
    let (error, at) = worst(x, function.vector(x), function)
    #expect(error <= function.allowed.double, "at \(at)")
  }

  @Test(
    .timeLimit(.minutes(10)), arguments: Function.allCases,
    [-1.0...1, -746 ... -700, -110 ... -80, 80...90, 700...711, 0.5...2, 0.99...1.01, -30...30])
  private func denseWhereResultsVary(_ function: Function, _ range: ClosedRange<Double>) {
    var generator = PhiloxGenerator(seed: 6)
    let x = (0..<100_000).map { _ in
      range.lowerBound + (range.upperBound - range.lowerBound) * generator.uniform()
    }
    let (error, at) = worst(x, function.vector(x), function)
    #expect(error <= function.allowed.double, "at \(at)")
    let floats = x.map(Float.init)
    let (floatError, floatAt) = worst(floats, function.vector(floats), function)
    #expect(floatError <= function.allowed.float, "at \(floatAt)")
  }

  @Test(arguments: Function.allCases)
  private func edges(_ function: Function) {
    let x: [Double] = [
      0, -0.0, 1, -1, .infinity, -.infinity, .nan, -.nan, .leastNonzeroMagnitude,
      -.leastNonzeroMagnitude, .leastNormalMagnitude, .greatestFiniteMagnitude,
      -.greatestFiniteMagnitude, 709.782712893384, 709.7827128933841, -745.1332191019411,
      -745.1332191019412, 1 - 0x1p-53, 1 + 0x1p-52, 2.0.squareRoot(), 0.5.squareRoot(),
    ]
    #expect(worst(x, function.vector(x), function).error <= function.allowed.double)
    let floats: [Float] =
      x.map(Float.init) + [
        .leastNonzeroMagnitude, .leastNormalMagnitude, .greatestFiniteMagnitude, 88.72283,
        88.72284, -103.97207, -103.97208, 1 - 0x1p-24, 1 + 0x1p-23,
      ]
    #expect(worst(floats, function.vector(floats), function).error <= function.allowed.float)
  }

  @Test func exactValues() {
    #expect(
      Function.exp.vector([0, -0.0, -.infinity, .infinity] as [Double]) == [1, 1, 0, .infinity])
    #expect(
      Function.log.vector([1, 0, -0.0, .infinity] as [Float])
        == [0, -.infinity, -.infinity, .infinity])
    #expect(Function.tanh.vector([.infinity, -.infinity, 30] as [Double]) == [1, -1, 1])
    #expect(Function.gaussian.vector([0, .infinity, -.infinity] as [Float]) == [1, 0, 0])
    let undefined = Function.log.vector([-1, -.infinity, .nan] as [Double])
    #expect(undefined.filter(\.isNaN).count == 3)
  }

  /// Every count and misalignment: an element has the bits it has alone, in place too, and the
  /// neighbours of the output stay as they were.
  @Test(arguments: Function.allCases)
  private func elementsDoNotDependOnTheirPlace(_ function: Function) {
    func check<T: BinaryFloatingPoint>(
      _: T.Type, _ apply: (UnsafePointer<T>, UnsafeMutablePointer<T>, Int) -> Void
    ) {
      let numbers = (0..<48).map { T($0) * 0.37 + 0.01 }
      let alone = numbers.map { x in
        var y = x
        apply([x], &y, 1)
        return y
      }
      for count in 0...33 {
        for offset in 0..<8 {
          var output = [T](repeating: -7, count: 48)
          numbers.withUnsafeBufferPointer { x in
            output.withUnsafeMutableBufferPointer {
              apply(x.baseAddress! + offset, $0.baseAddress! + offset, count)
            }
          }
          let expected = (0..<48).map {
            (offset..<offset + count).contains($0) ? alone[$0] : -7
          }
          #expect(output == expected)
          var same = numbers
          same.withUnsafeMutableBufferPointer {
            apply($0.baseAddress! + offset, $0.baseAddress! + offset, count)
          }
          #expect(Array(same[offset..<offset + count]) == Array(alone[offset..<offset + count]))
        }
      }
    }
    check(Float.self) { function.apply($0, $1, $2) }
    check(Double.self) { function.apply($0, $1, $2) }
  }

  @Test func vectorsHaveTheBitsOfBuffers() {
    for start in stride(from: -60.0, to: 60, by: 0.713) {
      let x = SIMD8<Double>((0..<8).map { start + Double($0) * 0.09 })
      let exponential = SIMD8<Double>(Function.exp.vector(x.indices.map { x[$0] }))
      #expect(VectorMath.exp(x) == exponential)
      #expect(VectorMath.exp(x.lowHalf) == exponential.lowHalf)
      let logarithm = SIMD8<Double>(
        Function.log.vector(exponential.indices.map { exponential[$0] }))
      #expect(VectorMath.log(exponential) == logarithm)
      #expect(VectorMath.log(exponential.lowHalf) == logarithm.lowHalf)

      let small = SIMD8<Float>(x)
      let floats = SIMD8<Float>(Function.exp.vector(small.indices.map { small[$0] }))
      #expect(VectorMath.exp(small) == floats)
      #expect(VectorMath.exp(small.lowHalf) == floats.lowHalf)
      let logs = SIMD8<Float>(Function.log.vector(floats.indices.map { floats[$0] }))
      #expect(VectorMath.log(floats) == logs)
      #expect(VectorMath.log(floats.lowHalf) == logs.lowHalf)
    }
  }
}
