import Tensors
import Testing

@testable import DataflowGraph

/// Products of few columns, by the processor's own vectors and by the library.
@Suite struct DirectProductTests {
  /// Of a product: [rows, inner] · [inner, columns].
  struct Sizes: CustomTestStringConvertible, Sendable {
    let (rows, inner, columns): (Int, Int, Int)

    init(_ rows: Int, _ inner: Int, _ columns: Int) {
      (self.rows, self.inner, self.columns) = (rows, inner, columns)
    }

    var testDescription: String { "\(rows) x \(inner) x \(columns)" }
  }

  private static let sizes = [
    Sizes(300, 768, 128), Sizes(257, 129, 131), Sizes(1000, 48, 32), Sizes(64, 500, 200),
    Sizes(9001, 17, 7), Sizes(130_001, 8, 1), Sizes(1, 1500, 700), Sizes(7, 3, 16), Sizes(13, 5, 9),
    Sizes(25, 1, 47), Sizes(5, 2100, 40),
  ]

  private func numbers<T: BinaryFloatingPoint>(_ count: Int, _ seed: UInt64) -> [T] {
    var generator = PhiloxGenerator(seed: seed)
    return (0..<count).map { _ in T(generator.uniform() - 0.5) }
  }

  /// What the target holds before, and around the product.
  private func before<T: BinaryFloatingPoint>(_ place: Int, of type: T.Type) -> T {
    T(place % 5) - 2
  }

  private static let margin = 64

  /// Target with what is around it, as `multiply` leaves it.
  private func product<T: MatrixElement & BinaryFloatingPoint>(
    _ sizes: Sizes, _ left: [T], isTransposed: Bool, _ right: [T], adding: Bool,
    _ multiply: (MatrixOperand<T>, MatrixOperand<T>, UnsafeMutablePointer<T>) -> Void
  ) -> [T] {
    let (rows, inner, columns) = (sizes.rows, sizes.inner, sizes.columns)
    var target = (0..<rows * columns + 2 * Self.margin).map { before($0, of: T.self) }
    if !adding {
      // What is not added to must not show.
      target.replaceSubrange(
        Self.margin..<Self.margin + rows * columns,
        with: Array(repeating: T.nan, count: rows * columns))
    }
    left.withUnsafeBufferPointer { left in
      right.withUnsafeBufferPointer { right in
        target.withUnsafeMutableBufferPointer { target in
          multiply(
            MatrixOperand(
              base: left.baseAddress!, isTransposed: isTransposed,
              stride: isTransposed ? rows : inner),
            MatrixOperand(base: right.baseAddress!, isTransposed: false, stride: columns),
            target.baseAddress! + Self.margin)
        }
      }
    }
    return target
  }

  /// The same by plain loops in double precision, over some of the inner dimension.
  private func expected<T: BinaryFloatingPoint>(
    _ sizes: Sizes, _ left: [T], isTransposed: Bool, _ right: [T], adding: Bool,
    _ ranges: [Range<Int>]?
  ) -> [Double] {
    let (rows, inner, columns) = (sizes.rows, sizes.inner, sizes.columns)
    var result: [Double] = []
    for row in 0..<rows {
      for column in 0..<columns {
        let place = Self.margin + row * columns + column
        var sum = adding ? Double(before(place, of: T.self)) : 0
        for term in ranges.map({ Array($0.joined()) }) ?? Array(0..<inner) {
          let factor = isTransposed ? left[term * rows + row] : left[row * inner + term]
          sum += Double(factor) * Double(right[term * columns + column])
        }
        result.append(sum)
      }
    }
    return result
  }

  private func check<T: BinaryFloatingPoint>(
    _ target: [T], _ expected: [Double], error: Double, _ what: Comment
  ) {
    let margin = Self.margin
    let found = target[margin..<target.count - margin]
    let isClose = zip(found, expected).allSatisfy { abs(Double($0) - $1) <= error }
    #expect(isClose, what)
    for place in Array(0..<margin) + Array(target.count - margin..<target.count) {
      #expect(target[place] == before(place, of: T.self), "written beside the product")
    }
  }

  private func checkProduct<T: MatrixElement & BinaryFloatingPoint>(
    _ sizes: Sizes, isTransposed: Bool, adding: Bool, ranges: [Range<Int>]?, of type: T.Type,
    error: Double
  ) {
    let (rows, inner, columns) = (sizes.rows, sizes.inner, sizes.columns)
    let left: [T] = numbers(rows * inner, 3)
    let right: [T] = numbers(inner * columns, 4)
    let error = error * Double(inner).squareRoot()
    let expected = expected(
      sizes, left, isTransposed: isTransposed, right, adding: adding, ranges)
    if ranges == nil {
      check(
        product(sizes, left, isTransposed: isTransposed, right, adding: adding) {
          T.multiply(
            $0, $1, into: $2, rows: rows, inner: inner, columns: columns, adding: adding)
        }, expected, error: error, "\(type)")
    }
    let direct = T.directProducts.map { direct in
      product(sizes, left, isTransposed: isTransposed, right, adding: adding) {
        direct.multiply(
          $0, $1, into: $2, rows: rows, inner: 0..<inner, columns: columns, ranges: ranges,
          adding: adding)
      }
    }
    for (number, found) in direct.enumerated() {
      check(found, expected, error: error, "\(type), vectors \(number)")
      #expect(found == direct[0], "vectors of every width give the same bits")
    }
  }

  @Test(arguments: sizes, [false, true])
  func equalsPlainLoops(sizes: Sizes, isTransposed: Bool) {
    let inner = sizes.inner
    let ranges = [0..<inner / 3, inner / 2..<inner].filter { !$0.isEmpty }
    for adding in [false, true] {
      for ranges in [nil, ranges, []] {
        checkProduct(
          sizes, isTransposed: isTransposed, adding: adding, ranges: ranges, of: Float.self,
          error: 1e-6)
        checkProduct(
          sizes, isTransposed: isTransposed, adding: adding, ranges: ranges, of: Double.self,
          error: 2e-15)
      }
    }
  }

  /// A row's bits do not depend on the rows beside it, nor a sum on zeros that are left out.
  @Test(arguments: [1, 5, 11, 12, 13, 40])
  func bitsDoNotDependOnTheirPlace(first: Int) {
    let (rows, inner, columns) = (53, 200, 45)
    var left: [Float] = numbers(rows * inner, 5)
    for row in 0..<rows {
      for term in 64..<128 { left[row * inner + term] = 0 }
    }
    let right: [Float] = numbers(inner * columns, 6)
    for direct in Float.directProducts {
      func multiply(_ range: Range<Int>, _ ranges: [Range<Int>]?) -> [Float] {
        var target = [Float](repeating: 0, count: range.count * columns)
        left.withUnsafeBufferPointer { left in
          right.withUnsafeBufferPointer { right in
            direct.multiply(
              MatrixOperand(base: left.baseAddress!, isTransposed: false, stride: inner)[
                range.lowerBound, 0],
              MatrixOperand(base: right.baseAddress!, isTransposed: false, stride: columns),
              into: &target, rows: range.count, inner: 0..<inner, columns: columns, ranges: ranges)
          }
        }
        return target
      }
      let whole = multiply(0..<rows, nil)
      #expect(multiply(0..<first, nil) + multiply(first..<rows, nil) == whole)
      #expect(multiply(0..<rows, [0..<64, 128..<inner]) == whole)
    }
  }

  /// Numbers behind a row's last column are not read into the result, and not written.
  @Test func columnsBesideTheProductAreLeftAlone() {
    let (rows, inner, columns, stride) = (14, 6, 21, 40)
    let left: [Double] = numbers(rows * inner, 7)
    var right = [Double](repeating: .nan, count: inner * stride)
    for term in 0..<inner {
      for column in 0..<columns { right[term * stride + column] = Double(term + column) }
    }
    for direct in Double.directProducts {
      var target = [Double](repeating: 0, count: rows * columns + 1)
      target[rows * columns] = 17
      left.withUnsafeBufferPointer { left in
        right.withUnsafeBufferPointer { right in
          direct.multiply(
            MatrixOperand(base: left.baseAddress!, isTransposed: false, stride: inner),
            MatrixOperand(base: right.baseAddress!, isTransposed: false, stride: stride),
            into: &target, rows: rows, inner: 0..<inner, columns: columns)
        }
      }
      for row in 0..<rows {
        for column in 0..<columns {
          let expected = (0..<inner).reduce(0.0) {
            $0 + left[row * inner + $1] * Double($1 + column)
          }
          #expect(abs(target[row * columns + column] - expected) < 1e-12)
        }
      }
      #expect(target[rows * columns] == 17)
    }
  }

  @Test func weightsThatLeaveTheCacheAreTheLibrarys() throws {
    func isDirect(_ rows: Int, _ inner: Int, _ columns: Int, _ isTransposed: Bool) -> Bool {
      DirectProduct(
        rows: rows, inner: inner, columns: columns, isTransposed: isTransposed, of: Float.self)
        != nil
    }
    guard !Float.directProducts.isEmpty else {
      return #expect(!isDirect(64, 64, 64, false))
    }
    #expect(isDirect(9000, 768, 128, false) && isDirect(768, 9000, 128, true))
    #expect(!isDirect(9000, 2000, 128, false) && !isDirect(2000, 9000, 128, true))
    #expect(!isDirect(9000, 64, 1, false), "nearly empty vectors")
    // The library's vectors are of rows where the left factor is transposed.
    #expect(isDirect(9000, 64, 17, false) && !isDirect(64, 9000, 17, true))
    #expect(isDirect(64, 9000, 16, true) && isDirect(64, 9000, 24, true))
  }
}
