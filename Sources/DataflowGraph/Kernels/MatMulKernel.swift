import Tensors

/// A matrix product, cut into shards of rows, or of the inner dimension where that is long
/// and the result small (as in the gradient of a weight matrix). Blocks of zeros of the left matrix are
/// left out where what they would be multiplied with is finite.
final class MatMulKernel<T: MatrixElement>: Kernel {
  let transposeA: Bool
  let transposeB: Bool
  private var rows = 0
  private var inner = 0
  private(set) var columns = 0
  /// Whether the right matrix is stored as it is, since the kernel brought it into this order where it is not.
  private var isTurned = false
  /// What can leave blocks of zeros out; nil where the library computes the product.
  private var direct: DirectProduct?
  /// Whether shards are of the inner dimension.
  private(set) var isSplit = false
  /// Whether the result is known when all shards are done, and no row of it before.
  var isWhole: Bool { isSplit || inner == 0 }
  private(set) var sharding = Sharding(count: 0, nanoseconds: 0)

  /// The right matrix is read anew for each shard of rows, or brought into another order: so many rows are worth it.
  private static var leastRows: Int { 128 }
  /// Each shard of the inner dimension has a result of its own, to be added up: so many terms are worth it.
  private static var leastInner: Int { 768 }

  init(transposeA: Bool, transposeB: Bool) {
    self.transposeA = transposeA
    self.transposeB = transposeB
  }

  func prepare(_ sizes: KernelSizes) throws -> Int {
    (rows, columns) = (sizes.outputs[0][0], sizes.outputs[0][1])
    inner = sizes.inputs[0][transposeA ? 0 : 1]
    guard inner == sizes.inputs[1][transposeB ? 1 : 0] else {
      throw GraphError("the inner sizes of \(sizes.inputs[0]) and \(sizes.inputs[1]) differ")
    }
    isSplit = inner > 4 * max(rows, columns)
    // Some 20 multiply-adds a nanosecond for Float.
    let perItem =
      Double(MemoryLayout<T>.stride) / 80 * Double(columns) * Double(isSplit ? rows : inner)
    let (count, least) = isSplit ? (inner, Self.leastInner) : (rows, Self.leastRows)
    sharding = Sharding(
      count: count, nanoseconds: perItem, maximum: min(16, max(1, count / least)))
    direct = DirectProduct(
      rows: rows, inner: inner, columns: columns, isTransposed: transposeA, of: T.self)
    isTurned = transposeB && direct != nil && !isSplit && rows >= Self.leastRows
    if transposeB && !isTurned { direct = nil }
    let partial = isSplit && sharding.shards > 1 ? sharding.shards * rows * columns : 0
    return (isTurned ? inner * columns : partial) * MemoryLayout<T>.stride
  }

  /// The right matrix as shards read it: brought into the order of a matrix that is not transposed where they ask for
  /// it.
  func right(_ context: borrowing KernelContext) -> UnsafePointer<T> {
    let stored = UnsafePointer(context.inputs[1].elements(T.self))
    guard isTurned else { return stored }
    let turned = context.workspace.assumingMemoryBound(to: T.self)
    for row in 0..<inner {
      for column in 0..<columns {
        turned[row &* columns &+ column] = stored[column &* inner &+ row]
      }
    }
    return UnsafePointer(turned)
  }

  @specialized(where T == Float)
  @specialized(where T == Double)
  func run(_ context: borrowing KernelContext) {
    let output = context.outputs[0].elements(T.self)
    guard rows * columns > 0 else { return }
    guard inner > 0 else { return output.update(repeating: 0, count: rows * columns) }
    let a = UnsafePointer(context.inputs[0].elements(T.self))
    let b = right(context)
    let partial = context.workspace.assumingMemoryBound(to: T.self)
    context.forEachShard(sharding) { shard, range in
      if isSplit {
        let target = sharding.shards > 1 ? partial + shard * rows * columns : output
        multiplySplit(a, b, range, into: target)
      } else {
        multiplyRows(a, b, range, into: output)
      }
    }
    if isSplit && sharding.shards > 1 {
      sumRows(partial, 0..<sharding.shards, rows * columns, into: output)
    }
  }

  /// Some rows of the result.
  ///
  /// - Parameter b: what `right` makes of the right matrix.
  func multiplyRows(
    _ a: UnsafePointer<T>, _ b: UnsafePointer<T>, _ range: Range<Int>,
    into output: UnsafeMutablePointer<T>
  ) {
    let (left, right) = (asLeft(a), asRight(b))
    guard !transposeA, let direct else {
      return T.multiply(
        left[range.lowerBound, 0], right, into: output + range.lowerBound * columns,
        rows: range.count, inner: inner, columns: columns)
    }
    var isFinite = Finiteness(b, count: inner * columns)
    func multiply(_ rows: Range<Int>, _ terms: [Range<Int>]?) {
      direct.multiply(
        left[rows.lowerBound, 0], right, into: output + rows.lowerBound * columns,
        rows: rows.count, inner: 0..<inner, columns: columns, ranges: terms)
    }
    ZeroBlocks.forEachPart(of: a, rows: range, columns: inner) { rows, zeros in
      if let zeros, isFinite.value {
        zeros.forEachPanel(multiply)
      } else {
        multiply(rows, nil)
      }
    }
  }

  /// The result from a part of the inner dimension.
  private func multiplySplit(
    _ a: UnsafePointer<T>, _ b: UnsafePointer<T>, _ range: Range<Int>,
    into target: UnsafeMutablePointer<T>
  ) {
    let (left, right) = (asLeft(a), asRight(b))
    guard transposeA, let direct else {
      return T.multiply(
        left[0, range.lowerBound], right[range.lowerBound, 0], into: target, rows: rows,
        inner: range.count, columns: columns)
    }
    ZeroBlocks.forEachPart(of: a, rows: range, columns: rows) { inner, zeros in
      let adding = inner.lowerBound > range.lowerBound
      func multiply(_ rows: Range<Int>, _ terms: [Range<Int>]?) {
        direct.multiply(
          left[rows.lowerBound, 0], right, into: target + rows.lowerBound * columns,
          rows: rows.count, inner: inner, columns: columns, ranges: terms, adding: adding)
      }
      var isFinite = Finiteness(b + inner.lowerBound * columns, count: inner.count * columns)
      if let zeros, isFinite.value {
        zeros.forEachBlock(multiply)
      } else {
        multiply(0..<rows, nil)
      }
    }
  }

  private func asLeft(_ a: UnsafePointer<T>) -> MatrixOperand<T> {
    MatrixOperand(base: a, isTransposed: transposeA, stride: transposeA ? rows : inner)
  }

  private func asRight(_ b: UnsafePointer<T>) -> MatrixOperand<T> {
    let isTransposed = transposeB && !isTurned
    return MatrixOperand(
      base: b, isTransposed: isTransposed, stride: isTransposed ? inner : columns)
  }
}

/// Whether some numbers are all finite, found out when it is first asked for: zero times anything else is
/// not zero.
private struct Finiteness<T: MatrixElement> {
  private let numbers: UnsafePointer<T>
  private let count: Int
  private var known: Bool?

  init(_ numbers: UnsafePointer<T>, count: Int) { (self.numbers, self.count) = (numbers, count) }

  var value: Bool {
    mutating get {
      if let known { return known }
      known = VectorMath.areFinite(numbers, count: count, of: T.self)
      return known!
    }
  }
}
