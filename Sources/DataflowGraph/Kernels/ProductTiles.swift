import CProcessor
import Tensors

/// A product as many small ones that the library computes from the factors as they lie.
///
/// OpenBLAS brings the factors of a large product into an order of its own first, which is a fifth of the work where
/// one of them is as small as the weights of a layer. For processors with AVX-512 it has kernels for small products that
/// need not.
///
/// One of three sizes is long: the rows of the left factor as it is stored. The others are the weights'.
struct ProductTiles {
  /// The left factor's stored rows in a tile with as many columns as can be.
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
  /// The most of the left factor's stored columns.
  let width: Int
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
    let width = widest(columns, of: type)
    return [false, true].allSatisfy {
      permits(function, false, rows, width, columns, $0)
        && permits(function, true, width, rows, columns, $0)
    }
  }

  /// The most stored columns of the left factor in a tile with some of the result's columns.
  private static func widest<T: MatrixElement>(_ columns: Int, of type: T.Type) -> Int {
    tileBytes / (columns * MemoryLayout<T>.stride)
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
    let stored = left.isTransposed ? rows : inner
    guard !right.isTransposed, rows * inner * columns > Self.multiplications,
      Self.suit(stored, columns, of: T.self)
    else { return nil }
    self.columns = min(columns, Self.columns)
    width = min(stored, Self.widest(self.columns, of: T.self))
    self.rows = min(
      max(32, Self.otherBytes / ((width + self.columns) * MemoryLayout<T>.stride)),
      Self.multiplications / (width * self.columns))
  }

  /// Of some of the left factor's stored columns those of each tile.
  func parts(of range: Range<Int>) -> Sharding {
    Sharding(count: range.count, shards: (range.count + width - 1) / width)
  }
}

extension MatrixElement {
  /// target[rows, columns] = left[rows, inner] · right[inner, columns], all row-major.
  ///
  /// - Parameters:
  ///   - ranges: those of the left factor's stored columns, in order, that are multiplied: the others are left out of
  ///     the sums or, where the factor is transposed, rows of `target` are left as they are.
  ///   - adding: whether the product is added to what `target` holds.
  ///   - inTiles: whether it may be many small products.
  static func multiply(
    _ left: MatrixOperand<Self>, _ right: MatrixOperand<Self>,
    into target: UnsafeMutablePointer<Self>, rows: Int, inner: Int, columns: Int,
    ranges: some Collection<Range<Int>>, adding: Bool = false, inTiles: Bool = hasSmallKernels
  ) {
    let tiles =
      inTiles ? ProductTiles(left, right, rows: rows, inner: inner, columns: columns) : nil
    let all = left.isTransposed ? inner : rows
    let (long, wide) = (tiles?.rows ?? all, tiles?.columns ?? columns)
    let count = ranges.reduce(0) { $0 + (tiles?.parts(of: $1).shards ?? 1) }
    withUnsafeTemporaryAllocation(of: Range<Int>.self, capacity: count) { parts in
      var filled = 0
      for range in ranges {
        let own = tiles?.parts(of: range) ?? Sharding(count: range.count, shards: 1)
        for number in 0..<own.shards {
          let part = own[number]
          parts[filled] = range.lowerBound + part.lowerBound..<range.lowerBound + part.upperBound
          filled += 1
        }
      }
      for start in stride(from: 0, to: all, by: long) {
        let lines = start..<min(start + long, all)
        for column in stride(from: 0, to: columns, by: wide) {
          let width = min(wide, columns - column)
          for (number, part) in parts.enumerated() {
            if tiles != nil {
              // Lines far from each other are not read ahead by themselves.
              if number + 1 < parts.count {
                left.prefetch(lines, parts[number + 1])
              } else if lines.upperBound < all {
                left.prefetch(lines.upperBound..<min(lines.upperBound + long, all), parts[0])
              }
            }
            let (own, terms) = left.isTransposed ? (part, lines) : (lines, part)
            multiply(
              left[own.lowerBound, terms.lowerBound], right[terms.lowerBound, column],
              into: target + own.lowerBound * columns + column, stride: columns, rows: own.count,
              inner: terms.count, columns: width,
              adding: adding || (left.isTransposed ? start > 0 : number > 0))
          }
        }
      }
    }
  }

  /// target[rows, columns] = left[rows, inner] · right[inner, columns], all row-major.
  static func multiply(
    _ left: MatrixOperand<Self>, _ right: MatrixOperand<Self>,
    into target: UnsafeMutablePointer<Self>, rows: Int, inner: Int, columns: Int,
    adding: Bool = false, inTiles: Bool = hasSmallKernels
  ) {
    multiply(
      left, right, into: target, rows: rows, inner: inner, columns: columns,
      ranges: CollectionOfOne(0..<(left.isTransposed ? rows : inner)), adding: adding,
      inTiles: inTiles)
  }
}

extension MatrixOperand {
  /// Has stored rows and columns brought into the nearest cache while something else is computed.
  @inline(__always)
  fileprivate func prefetch(_ rows: Range<Int>, _ columns: Range<Int>) {
    let lineBytes = 64
    for row in rows {
      let line = UnsafeRawPointer(base + (row &* stride &+ columns.lowerBound))
      for byte in Swift.stride(
        from: 0, to: columns.count &* MemoryLayout<T>.stride, by: lineBytes)
      {
        processor_prefetch(line + byte)
      }
    }
  }
}
