import Dataflow
import DataflowGraph
import Testing

/// Products of matrices with blocks of zeros, which are left out.
@Suite struct ZeroBlockTests {
  private static let (rows, inner, columns) = (900, 300, 8)

  /// Zero where a block of a panel is: which, tells `isZero` of the row and the column.
  private func matrix(_ isZero: (Int, Int) -> Bool) -> [Float] {
    var generator = PhiloxGenerator(seed: 9)
    return (0..<Self.rows * Self.inner).map { place in
      let number = Float(generator.uniform() - 0.5)
      return isZero(place / Self.inner, place % Self.inner) ? 0 : number
    }
  }

  private static let patterns: [(name: String, isZero: @Sendable (Int, Int) -> Bool)] = [
    ("dense", { _, _ in false }),
    ("nothing but zeros", { _, _ in true }),
    ("the same blocks everywhere", { _, column in column / 64 % 2 == 0 }),
    ("other blocks from some row on", { row, column in (column >= 160) == (row >= 333) }),
    ("other blocks from panel to panel", { row, column in (column / 32 + row / 64) % 3 != 0 }),
    ("some rows", { row, _ in row >= 128 && row < 512 }),
    ("one number in a block", { row, column in column >= 64 && !(row == 700 && column == 299) }),
  ]

  /// - Parameter b: not transposed, also where `transposeB` says that the product is to read it transposed.
  private func product(
    _ a: [Float], _ shape: Shape, _ b: [Float], transposeA: Bool, transposeB: Bool = false,
    threads: Int
  ) throws -> [Float] {
    let graph = Graph()
    let x = graph.placeholder(.float32, SymbolicShape(shape))
    let rows = transposeA ? Self.rows : Self.inner
    let own = transposeB ? [Self.columns, rows] : [rows, Self.columns]
    let stored = b.indices.map { place in
      transposeB ? b[place % rows * Self.columns + place / rows] : b[place]
    }
    let y = graph.placeholder(.float32, SymbolicShape(own.map { Dimension($0) }))
    let session = Session(
      graph, options: SessionOptions(intraOpParallelismThreads: threads))
    return try session.run(
      [matMul(x, y, transposeA: transposeA, transposeB: transposeB)],
      feeds: [
        x: Tensor(shape: shape, scalars: a), y: Tensor(shape: Shape(own), scalars: stored),
      ])[0].scalars(as: Float.self)
  }

  @Test(arguments: 0..<patterns.count, ["neither", "left", "right", "both"])
  func equalsPlainLoops(pattern: Int, transposed: String) throws {
    let transposeA = transposed == "left" || transposed == "both"
    let transposeB = transposed == "right" || transposed == "both"
    let (rows, inner, columns) = (Self.rows, Self.inner, Self.columns)
    let a = matrix(Self.patterns[pattern].isZero)
    let sums = transposeA ? rows : inner
    let b = (0..<sums * columns).map { Float($0 % 17) * 0.1 - 0.8 }
    let found = try product(
      a, [rows, inner], b, transposeA: transposeA, transposeB: transposeB, threads: 1)
    for row in 0..<(transposeA ? inner : rows) {
      for column in 0..<columns {
        var expected = 0.0
        for k in 0..<sums {
          let x = transposeA ? a[k * inner + row] : a[row * inner + k]
          expected += Double(x) * Double(b[k * columns + column])
        }
        let difference = abs(Double(found[row * columns + column]) - expected)
        #expect(difference < 1e-5 * Double(sums).squareRoot(), "\(Self.patterns[pattern].name)")
      }
    }
    for threads in [2, 3] {
      let other = try product(
        a, [rows, inner], b, transposeA: transposeA, transposeB: transposeB, threads: threads)
      #expect(other.map(\.bitPattern) == found.map(\.bitPattern))
    }
  }

  /// Zero times infinity is no number, also where the zeros are left out otherwise.
  @Test(arguments: [Float.nan, .infinity], [false, true])
  func whatIsNotFiniteShows(bad: Float, transposeA: Bool) throws {
    let (rows, inner, columns) = (Self.rows, Self.inner, Self.columns)
    let a = matrix { _, column in column >= 160 }
    let sums = transposeA ? rows : inner
    var b = [Float](repeating: 0.5, count: sums * columns)
    b[(sums - 1) * columns + 3] = bad
    let found = try product(a, [rows, inner], b, transposeA: transposeA, threads: 1)
    for row in 0..<(transposeA ? inner : rows) {
      for column in 0..<columns where column != 3 {
        #expect(found[row * columns + column].isFinite)
      }
    }
    // A row of zeros in the transposed left matrix, or the last of the inner places, meets the bad number.
    let last = transposeA ? (inner - 1) * columns + 3 : 3
    #expect(found[last].isNaN)
  }
}
