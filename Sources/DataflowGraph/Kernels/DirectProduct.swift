import CProcessor
import CProducts
import Tensors

/// A product that is computed from the factors as they lie, with the processor's own vectors.
///
/// The library brings the factors of a product into an order of its own first, which is a fifth of the work where one of
/// them is as small as the weights of a layer, and is made for sizes that are not as small as theirs.
///
/// One of three sizes is long: the rows of the left factor as it is stored. The others are the weights'.
struct DirectProduct {
  /// What is read for every few rows, weights or their gradient, has to stay in a cache.
  private static var bytes: Int { 1 << 19 }
  /// What is read of the right factor for every few rows of a gradient before the next is.
  private static var bytesAtATime: Int { 1 << 17 }
  /// The result's least: with fewer most of a vector would be empty.
  private static var columns: Int { 8 }
  /// Of all lanes of the vectors of a gradient's columns those that are not empty: the library's vectors are of rows.
  private static var fullLanes: Double { 0.75 }
  /// The most numbers that are added up one by one: rounding errors grow with them.
  private static var terms: Int { 2048 }

  private let function: product_function
  /// Of a vector, 512 or 256.
  private let bits: Int

  /// - Parameter isTransposed: whether the left factor is stored as [inner, rows].
  /// - Returns: nil for a product that the library computes better.
  init?<T: MatrixElement>(
    rows: Int, inner: Int, columns: Int, isTransposed: Bool, of type: T.Type
  ) {
    let stored = isTransposed ? rows : inner
    guard columns >= Self.columns, inner > 0,
      stored * columns * MemoryLayout<T>.stride <= Self.bytes,
      let widest = T.directProducts.first
    else { return nil }
    func lanes(_ product: DirectProduct) -> Int { product.bits / 8 / MemoryLayout<T>.stride }
    func fullLanes(_ product: DirectProduct) -> Double {
      Double(columns) / Double(columns.roundedUp(toMultipleOf: lanes(product)))
    }
    var product = widest
    // Of few columns narrow vectors leave less empty; of more the wide ones are faster all the same.
    if columns < 2 * lanes(widest) {
      for other in T.directProducts where fullLanes(other) > fullLanes(product) { product = other }
    }
    guard !isTransposed || fullLanes(product) >= Self.fullLanes else { return nil }
    self = product
  }

  private init(_ function: product_function, bits: Int) {
    (self.function, self.bits) = (function, bits)
  }

  /// Those that this processor has vectors for, the widest first.
  static func all(_ function: (CInt) -> product_function?) -> [DirectProduct] {
    let widths: [(bits: Int, isThere: Bool)] = [
      (512, processor_has_avx512() != 0), (256, processor_has_avx2() != 0),
    ]
    return widths.filter(\.isThere).compactMap { width in
      function(CInt(width.bits)).map { DirectProduct($0, bits: width.bits) }
    }
  }

  /// target[rows, columns] = left[rows, inner] · right[inner, columns], all row-major.
  ///
  /// - Parameters:
  ///   - inner: some of the factors' inner dimension.
  ///   - ranges: those within it that are summed, in order; nil for all.
  ///   - adding: whether the product is added to what `target` holds.
  func multiply<T: MatrixElement>(
    _ left: MatrixOperand<T>, _ right: MatrixOperand<T>,
    into target: UnsafeMutablePointer<T>, rows: Int, inner: Range<Int>, columns: Int,
    ranges: [Range<Int>]? = nil, adding: Bool = false
  ) {
    precondition(!right.isTransposed, "the right factor is read row by row")
    var call = product()
    (call.left, call.right) = (UnsafeRawPointer(left.base), UnsafeRawPointer(right.base))
    (call.left_row, call.left_term) = left.isTransposed ? (1, left.stride) : (left.stride, 1)
    (call.right_term, call.target_row) = (right.stride, columns)
    (call.target, call.rows, call.columns) = (UnsafeMutableRawPointer(target), rows, columns)
    let fitting = Self.bytesAtATime / (columns * MemoryLayout<T>.stride)
    let most = left.isTransposed ? min(max(64, fitting), Self.terms) : Self.terms
    let parts = Sharding(count: inner.count, shards: (inner.count + most - 1) / most)
    withUnsafeTemporaryAllocation(of: product_range.self, capacity: max(1, ranges?.count ?? 1)) {
      terms in
      call.terms = UnsafePointer(terms.baseAddress!)
      // Ranges that end before a part are not looked at again.
      var next = 0
      for number in 0..<parts.shards {
        let place = parts[number]
        let part = inner.lowerBound + place.lowerBound..<inner.lowerBound + place.upperBound
        if let ranges {
          call.ranges = 0
          while next < ranges.count && ranges[next].upperBound <= part.lowerBound { next += 1 }
          for range in ranges[next...] {
            guard range.lowerBound < part.upperBound else { break }
            let own = range.clamped(to: part)
            terms[call.ranges] = product_range(lower: own.lowerBound, upper: own.upperBound)
            call.ranges += 1
          }
        } else {
          terms[0] = product_range(lower: part.lowerBound, upper: part.upperBound)
          call.ranges = 1
        }
        call.adding = adding || number > 0 ? 1 : 0
        if call.adding == 0 || call.ranges > 0 { function(&call) }
      }
    }
  }
}
