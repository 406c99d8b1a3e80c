import Tensors
import Testing

@testable import DataflowGraph

/// Products that are cut for the library, whatever kernels it has for this processor.
@Suite struct ProductTilesTests {
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
    Sizes(9001, 17, 7), Sizes(130_001, 8, 1), Sizes(1, 1500, 700),
  ]

  private func numbers<T: BinaryFloatingPoint>(_ count: Int, _ seed: UInt64) -> [T] {
    var generator = PhiloxGenerator(seed: seed)
    return (0..<count).map { _ in T(generator.uniform() - 0.5) }
  }

  /// What the target holds before, and around the product.
  private func before<T: MatrixElement & BinaryFloatingPoint>(_ place: Int, of type: T.Type) -> T {
    T(place % 5) - 2
  }

  private func checkProduct<T: MatrixElement & BinaryFloatingPoint>(
    _ sizes: Sizes, isTransposed: Bool, adding: Bool, of type: T.Type, error: Double
  ) {
    let (rows, inner, columns) = (sizes.rows, sizes.inner, sizes.columns)
    let left: [T] = numbers(rows * inner, 3)
    let right: [T] = numbers(inner * columns, 4)
    let margin = 64
    var target = (0..<rows * columns + 2 * margin).map { before($0, of: T.self) }
    if !adding {
      // What is not added to must not show.
      target.replaceSubrange(
        margin..<margin + rows * columns, with: Array(repeating: T.nan, count: rows * columns))
    }
    left.withUnsafeBufferPointer { left in
      right.withUnsafeBufferPointer { right in
        target.withUnsafeMutableBufferPointer { target in
          T.multiply(
            MatrixOperand(
              base: left.baseAddress!, isTransposed: isTransposed,
              stride: isTransposed ? rows : inner),
            MatrixOperand(base: right.baseAddress!, isTransposed: false, stride: columns),
            into: target.baseAddress! + margin, rows: rows, inner: inner, columns: columns,
            adding: adding, inTiles: true)
        }
      }
    }
    var worst = 0.0
    for row in 0..<rows {
      for column in 0..<columns {
        let place = margin + row * columns + column
        var expected = adding ? Double(before(place, of: T.self)) : 0
        for term in 0..<inner {
          let factor = isTransposed ? left[term * rows + row] : left[row * inner + term]
          expected += Double(factor) * Double(right[term * columns + column])
        }
        worst = max(worst, abs(Double(target[place]) - expected))
      }
    }
    #expect(worst <= error * Double(inner).squareRoot())
    for place in Array(0..<margin) + Array(target.count - margin..<target.count) {
      #expect(target[place] == before(place, of: T.self), "written beside the product")
    }
  }

  @Test(arguments: sizes, [false, true])
  func equalsPlainLoops(sizes: Sizes, isTransposed: Bool) {
    for adding in [false, true] {
      checkProduct(sizes, isTransposed: isTransposed, adding: adding, of: Float.self, error: 1e-6)
      checkProduct(sizes, isTransposed: isTransposed, adding: adding, of: Double.self, error: 2e-15)
    }
  }

  /// The library takes its kernels for small products up to a million multiplications.
  @Test(arguments: sizes, [false, true])
  func tilesAreSmall(sizes: Sizes, isTransposed: Bool) throws {
    let factor = [Float](repeating: 0, count: 1)
    try factor.withUnsafeBufferPointer { factor in
      let left = MatrixOperand(base: factor.baseAddress!, isTransposed: isTransposed, stride: 1)
      let right = MatrixOperand(base: factor.baseAddress!, isTransposed: false, stride: 1)
      let width = isTransposed ? sizes.rows : sizes.inner
      let tiles = ProductTiles(
        left, right, rows: sizes.rows, inner: sizes.inner, columns: sizes.columns)
      // Those whose weights leave the cache stay whole.
      guard width * sizes.columns <= 1 << 17 else { return #expect(tiles == nil) }
      let found = try #require(tiles)
      #expect(found.rows >= 1 && found.columns >= 1)
      #expect(found.width * found.rows * found.columns <= 1_000_000)
      let parts = found.parts(of: 0..<width)
      #expect((0..<parts.shards).flatMap { parts[$0] } == Array(0..<width))
      #expect((0..<parts.shards).allSatisfy { parts[$0].count <= found.width })
      let turned = MatrixOperand(base: factor.baseAddress!, isTransposed: true, stride: 1)
      #expect(ProductTiles(left, turned, rows: 9000, inner: 48, columns: 32) == nil)
      #expect(ProductTiles(left, right, rows: 64, inner: 64, columns: 64) == nil)
    }
  }

  /// Runs of columns brought together, for processors whose kernels for small products are slow.
  @Test(arguments: [false, true])
  func packedColumnsEqualPlainLoops(isTransposed: Bool) {
    let (rows, columns, others) = (20..<320, 200, 9)
    let ranges = [0..<32, 64..<70, 190..<200]
    let matrix: [Float] = numbers(rows.upperBound * columns, 5)
    // [columns, others], or stored transposed.
    let right: [Float] = numbers(columns * others, 6)
    var packing = PanelPacking<Float>(columns: columns, others: others)
    var target = [Float](repeating: 7, count: rows.count * others)
    packing.multiply(
      matrix, right, isTransposed: isTransposed, rows, ranges, into: &target, columns: others)
    for row in rows {
      for other in 0..<others {
        var expected = 0.0
        for column in ranges.joined() {
          let factor =
            isTransposed ? right[other * columns + column] : right[column * others + other]
          expected += Double(matrix[row * columns + column]) * Double(factor)
        }
        #expect(
          abs(Double(target[(row - rows.lowerBound) * others + other]) - expected) < 1e-5)
      }
    }
  }

  @Test func packedColumnsAreAddedToWhatIsThere() {
    let (rows, columns, others) = (10..<290, 130, 5)
    let ranges = [3..<35, 100..<130]
    let matrix: [Float] = numbers(rows.upperBound * columns, 7)
    let right: [Float] = numbers(rows.upperBound * others, 8)
    var packing = PanelPacking<Float>(columns: columns, others: others)
    var target = [Float](repeating: 2, count: columns * others)
    packing.addTransposed(
      matrix, right, isTransposed: false, stride: others,
      rows, ranges, into: &target, columns: others)
    for column in 0..<columns {
      let isOwn = ranges.contains { $0.contains(column) }
      for other in 0..<others {
        var expected = 2.0
        for row in rows where isOwn {
          expected += Double(matrix[row * columns + column]) * Double(right[row * others + other])
        }
        #expect(abs(Double(target[column * others + other]) - expected) < 1e-5)
      }
    }
  }
}
