import Tensors

/// A matrix product over BLAS, cut into shards of rows, or of the inner dimension where that is long
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
  /// Whether blocks of zeros may be left out by themselves, without bringing others together.
  private var isTiled = false
  /// Whether shards are of the inner dimension.
  private(set) var isSplit = false
  /// Whether the result is known when all shards are done, and no row of it before.
  var isWhole: Bool { isSplit || inner == 0 }
  private(set) var sharding = Sharding(count: 0, nanoseconds: 0)

  /// BLAS brings the right matrix into an order of its own for each shard of rows: so many rows are worth it.
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
    let suits =
      T.hasSmallKernels && ProductTiles.suit(isSplit ? rows : inner, columns, of: T.self)
    isTurned = transposeB && suits && !isSplit && rows >= Self.leastRows
    isTiled = suits && (isTurned || !transposeB)
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
    guard !transposeA,
      let zeros = ZeroBlocks(a, rows: range.count, columns: inner, keepsMost: !isTiled)
    else {
      let target = output + range.lowerBound * columns
      return multiply(a, b, rows: range, inner: 0..<inner, into: target)
    }
    var right = Finiteness(b, count: inner * columns)
    var packing = PanelPacking<T>(columns: inner, others: columns)
    zeros.forEachPanel(of: range) { panel in
      let target = output + panel.rows.lowerBound * columns
      if zeros.isDense(panel) || !right.isFinite {
        return multiply(a, b, rows: panel.rows, inner: 0..<inner, into: target)
      }
      let ranges = zeros.ranges(of: panel)
      guard !ranges.isEmpty else {
        return target.update(repeating: 0, count: panel.rows.count * columns)
      }
      guard isTiled || ranges.count == 1 else {
        return packing.multiply(
          a, b, isTransposed: transposeB, panel.rows, ranges, into: target, columns: columns)
      }
      multiply(a, b, rows: panel.rows, inner: 0..<inner, ranges: ranges, into: target)
    }
  }

  /// The result from a part of the inner dimension.
  private func multiplySplit(
    _ a: UnsafePointer<T>, _ b: UnsafePointer<T>, _ range: Range<Int>,
    into target: UnsafeMutablePointer<T>
  ) {
    guard transposeA,
      let zeros = ZeroBlocks(a, rows: range.count, columns: rows, keepsMost: !isTiled)
    else {
      return multiply(a, b, rows: 0..<rows, inner: range, into: target)
    }
    var adding = false
    var right = Finiteness(
      transposeB ? b : b + range.lowerBound * columns,
      count: (transposeB ? inner : range.count) * columns)
    var packing = PanelPacking<T>(columns: rows, others: columns)
    zeros.forEachPanel(of: range) { panel in
      if zeros.isDense(panel) || !right.isFinite {
        multiply(a, b, rows: 0..<rows, inner: panel.rows, into: target, adding: adding)
      } else {
        if !adding { target.update(repeating: 0, count: rows * columns) }
        let ranges = zeros.ranges(of: panel)
        if isTiled || ranges.count == 1 {
          multiply(
            a, b, rows: 0..<rows, inner: panel.rows, ranges: ranges, into: target, adding: true)
        } else {
          packing.addTransposed(
            a, b, isTransposed: transposeB, stride: transposeB ? inner : columns, panel.rows,
            ranges, into: target, columns: columns)
        }
      }
      adding = true
    }
  }

  /// - Parameter ranges: of the left matrix's stored columns, all but zeros; nil for all.
  private func multiply(
    _ a: UnsafePointer<T>, _ b: UnsafePointer<T>, rows: Range<Int>, inner: Range<Int>,
    ranges: [Range<Int>]? = nil, into target: UnsafeMutablePointer<T>, adding: Bool = false
  ) {
    let isTransposedB = transposeB && !isTurned
    let left = MatrixOperand(
      base: a, isTransposed: transposeA, stride: transposeA ? self.rows : self.inner
    )[rows.lowerBound, inner.lowerBound]
    let right = MatrixOperand(
      base: b, isTransposed: isTransposedB, stride: isTransposedB ? self.inner : columns
    )[inner.lowerBound, 0]
    if let ranges {
      T.multiply(
        left, right, into: target, rows: rows.count, inner: inner.count, columns: columns,
        ranges: ranges, adding: adding)
    } else {
      T.multiply(
        left, right, into: target, rows: rows.count, inner: inner.count, columns: columns,
        adding: adding)
    }
  }
}

/// Whether some numbers are all finite, found out when it is first asked for: zero times anything else is
/// not zero.
private struct Finiteness<T: MatrixElement> {
  private let numbers: UnsafePointer<T>
  private let count: Int
  private var known: Bool?

  init(_ numbers: UnsafePointer<T>, count: Int) { (self.numbers, self.count) = (numbers, count) }

  var isFinite: Bool {
    mutating get {
      if let known { return known }
      known = VectorMath.areFinite(numbers, count: count, of: T.self)
      return known!
    }
  }
}
