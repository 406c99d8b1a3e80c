import Tensors

/// Many matrix products of one size, cut into shards of rows.
struct BatchedProduct {
  let rows: Int
  let inner: Int
  let columns: Int
  var transposeA = false
  var transposeB = false
  /// Where each product's matrices start.
  private let startsA: [Int]
  private let startsB: [Int]
  private let sharding: Sharding

  init(rows: Int, inner: Int, columns: Int, startsA: [Int], startsB: [Int]) {
    (self.rows, self.inner, self.columns) = (rows, inner, columns)
    (self.startsA, self.startsB) = (startsA, startsB)
    let count = startsA.count * rows
    // Some 20 multiply-adds a nanosecond; enough rows in a shard for BLAS to be efficient.
    let cost = 0.05 * Double(inner) * Double(columns)
    sharding = Sharding(count: count, nanoseconds: cost, maximum: min(16, max(1, count / 16)))
  }

  /// result[b] = a[b] · b[b] for each product.
  func run<T: MatrixElement>(
    _ a: UnsafePointer<T>, _ b: UnsafePointer<T>, into result: UnsafeMutablePointer<T>,
    _ context: borrowing KernelContext
  ) {
    let count = startsA.count * rows * columns
    guard count > 0 else { return }
    guard inner > 0 else { return result.update(repeating: 0, count: count) }
    context.forEachShard(sharding) { _, range in
      var row = range.lowerBound
      while row < range.upperBound {
        let (product, first) = row.quotientAndRemainder(dividingBy: rows)
        let length = min(rows - first, range.upperBound - row)
        multiply(
          a + startsA[product], b + startsB[product], first, length, into: result + row * columns)
        row += length
      }
    }
  }

  private func multiply<T: MatrixElement>(
    _ a: UnsafePointer<T>, _ b: UnsafePointer<T>, _ first: Int, _ count: Int,
    into result: UnsafeMutablePointer<T>
  ) {
    T.multiply(
      MatrixOperand(
        base: a + (transposeA ? first : first * inner), isTransposed: transposeA,
        stride: transposeA ? rows : inner),
      MatrixOperand(base: b, isTransposed: transposeB, stride: transposeB ? inner : columns),
      into: result, rows: count, inner: inner, columns: columns)
  }
}
