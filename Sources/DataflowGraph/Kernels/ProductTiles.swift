import Tensors

/// A product as many small ones that the library computes from the factors as they lie.
///
/// OpenBLAS brings the factors of a large product into an order of its own first, which is a fifth of the work where
/// one of them is as small as the weights of a layer. For processors with AVX-512 it has kernels for small products that
/// need not.
///
/// One of three sizes is long: the rows of the left factor as it is stored. The others are the weights'.
struct ProductTiles {
  /// Rows at a time where blocks of zeros are looked for.
  private static var rows: Int { 64 }
  /// Two times what the library's kernels take at a time.
  private static var columns: Int { 128 }
  /// The multiplications of a product up to which OpenBLAS uses these kernels.
  private static var multiplications: Int { 1_000_000 }
  /// What is read for all tiles of some rows, weights or their gradient, has to stay in a cache.
  private static var bytes: Int { 1 << 19 }
  /// What a tile reads of the weights, and all else that it touches: the nearest caches hold as much, which two
  /// threads may share.
  private static var tileBytes: Int { 32 << 10 }
  private static var otherBytes: Int { 48 << 10 }

  /// Some of the left factor's stored rows.
  let rows: Int
  /// How the left factor's stored columns are cut.
  let parts: Sharding
  /// Some of the result's columns.
  let columns: Int

  /// Whether the library has such kernels, which it is asked for the largest tiles, of both kinds, added and not.
  ///
  /// - Parameters:
  ///   - function: of the library, nil where it has none.
  ///   - type: of the elements.
  ///   - permits: calls it.
  static func areFast<T: MatrixElement>(
    _ function: UnsafeMutableRawPointer?, of type: T.Type,
    _ permits: (
      _ function: UnsafeMutableRawPointer, _ isLeftTransposed: Bool, _ rows: Int, _ inner: Int,
      _ columns: Int, _ adding: Bool
    ) -> Bool
  ) -> Bool {
    guard let function else { return false }
    let width = tileBytes / (columns * MemoryLayout<T>.stride)
    return [false, true].allSatisfy {
      permits(function, false, rows, width, columns, $0)
        && permits(function, true, width, rows, columns, $0)
    }
  }

  /// Whether weights, or their gradient, are small enough for products in tiles to be faster.
  static func suit<T: MatrixElement>(_ rows: Int, _ columns: Int, of type: T.Type) -> Bool {
    rows * columns * MemoryLayout<T>.stride <= bytes
  }

  /// - Parameters:
  ///   - width: the left factor's stored columns.
  ///   - columns: the result's.
  /// - Returns: nil for a product that the library computes better at once, or that is small itself.
  init?<T: MatrixElement>(
    _ left: MatrixOperand<T>, _ right: MatrixOperand<T>, rows: Int, inner: Int, columns: Int
  ) {
    let width = left.isTransposed ? rows : inner
    guard !right.isTransposed, rows * inner * columns > Self.multiplications,
      Self.suit(width, columns, of: T.self)
    else { return nil }
    let size = MemoryLayout<T>.stride
    self.columns = min(columns, Self.columns)
    let widest = Self.tileBytes / (self.columns * size)
    parts = Sharding(count: width, shards: (width + widest - 1) / widest)
    let part = parts[0].count
    self.rows = min(
      max(32, Self.otherBytes / ((part + self.columns) * size)),
      Self.multiplications / (part * self.columns))
  }
}

extension ProductTiles {
  /// Calls `body` for some of the left factor's stored rows after the other.
  static func forEachTile(of rows: Range<Int>, _ body: (Range<Int>) -> Void) {
    for start in stride(from: rows.lowerBound, to: rows.upperBound, by: Self.rows) {
      body(start..<min(start + Self.rows, rows.upperBound))
    }
  }
}

extension MatrixElement {
  /// target[rows, columns] = left[rows, inner] · right[inner, columns], all row-major.
  ///
  /// - Parameters:
  ///   - adding: whether the product is added to what `target` holds.
  ///   - inTiles: whether it may be many small products.
  static func multiply(
    _ left: MatrixOperand<Self>, _ right: MatrixOperand<Self>,
    into target: UnsafeMutablePointer<Self>, rows: Int, inner: Int, columns: Int,
    adding: Bool = false, inTiles: Bool = hasSmallKernels
  ) {
    guard inTiles,
      let tiles = ProductTiles(left, right, rows: rows, inner: inner, columns: columns)
    else {
      return multiply(
        left, right, into: target, stride: columns, rows: rows, inner: inner, columns: columns,
        adding: adding)
    }
    let count = left.isTransposed ? inner : rows
    for start in stride(from: 0, to: count, by: tiles.rows) {
      let long = start..<min(start + tiles.rows, count)
      for column in stride(from: 0, to: columns, by: tiles.columns) {
        let width = min(tiles.columns, columns - column)
        for number in 0..<tiles.parts.shards {
          let part = tiles.parts[number]
          let (own, terms) = left.isTransposed ? (part, long) : (long, part)
          multiply(
            left[own.lowerBound, terms.lowerBound], right[terms.lowerBound, column],
            into: target + own.lowerBound * columns + column, stride: columns, rows: own.count,
            inner: terms.count, columns: width, adding: adding || terms.lowerBound > 0)
        }
      }
    }
  }
}
