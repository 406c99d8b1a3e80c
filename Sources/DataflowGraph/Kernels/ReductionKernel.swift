import Tensors

/// Combines elements over groups of neighbouring dimensions, the innermost group first.
final class ReductionKernel<T: KernelNumber>: Kernel {
  let function: BinaryFunction
  let reduced: Set<Int>
  private var groups: ReductionGroups

  /// - Parameter function: `add`, `multiply`, `maximum` or `minimum`.
  init(_ function: BinaryFunction, reduced: Set<Int>) {
    self.function = function
    self.reduced = reduced
    groups = ReductionGroups(axes: reduced.sorted())
  }

  func prepare(_ sizes: KernelSizes) -> Int {
    groups.prepare(sizes.inputs[0]) * MemoryLayout<T>.stride
  }

  @specialized(where T == Float)
  @specialized(where T == Double)
  @specialized(where T == Int32)
  @specialized(where T == Int64)
  @specialized(where T == UInt8)
  func run(_ context: borrowing KernelContext) {
    let output = context.outputs[0].elements(T.self)
    var source = UnsafePointer(context.inputs[0].elements(T.self))
    let stages = groups.stages
    if stages.isEmpty {
      for index in 0..<context.outputs[0].count {
        output[index] = context.inputs[0].count == 0 ? function.identity() : source[index]
      }
    }
    var scratch = context.workspace.assumingMemoryBound(to: T.self)
    for (index, stage) in stages.enumerated() {
      let isLast = index == stages.count - 1
      let target = isLast ? output : scratch
      if !isLast { scratch += stage.resultCount }
      run(stage, source, target, partial: scratch, context)
      source = UnsafePointer(target)
    }
  }

  private func run(
    _ stage: ReductionGroups.Stage, _ source: UnsafePointer<T>, _ target: UnsafeMutablePointer<T>,
    partial: UnsafeMutablePointer<T>, _ context: borrowing KernelContext
  ) {
    context.forEachShard(stage.sharding) { shard, range in
      if stage.isSplit {
        let sums = stage.partialCount == 0 ? target : partial + shard * stage.resultCount
        for outer in 0..<stage.outer {
          reduceRows(
            function, source + outer * stage.reduced * stage.inner, range, stage.inner,
            into: sums + outer * stage.inner)
        }
      } else {
        for outer in range {
          reduceRows(
            function, source + outer * stage.reduced * stage.inner, 0..<stage.reduced, stage.inner,
            into: target + outer * stage.inner)
        }
      }
    }
    if stage.partialCount > 0 {
      reduceRows(function, partial, 0..<stage.sharding.shards, stage.resultCount, into: target)
    }
  }
}

/// The sum of some rows of a matrix.
func sumRows<T: KernelNumber>(
  _ matrix: UnsafePointer<T>, _ rows: Range<Int>, _ columns: Int,
  into target: UnsafeMutablePointer<T>
) {
  reduceRows(.add, matrix, rows, columns, into: target)
}

/// Some rows of a matrix, combined.
func reduceRows<T: KernelNumber>(
  _ function: BinaryFunction, _ matrix: UnsafePointer<T>, _ rows: Range<Int>, _ columns: Int,
  into target: UnsafeMutablePointer<T>
) {
  if columns == 1 {
    target[0] = vectorReduction(function, matrix + rows.lowerBound, rows.count)
    return
  }
  target.update(repeating: function.identity(), count: columns)
  for row in rows { function.apply(target, matrix + row * columns, target, columns) }
}

extension BinaryFunction {
  /// What changes nothing when it is combined with something.
  func identity<T: KernelNumber>() -> T {
    switch self {
    case .add: 0
    case .multiply: 1
    case .maximum: T.lowest
    case .minimum: T.highest
    default: preconditionFailure("\(self) combines no rows")
    }
  }
}

/// Consecutive elements, combined in an order that depends on their number alone.
private func vectorReduction<T: KernelNumber>(
  _ function: BinaryFunction, _ x: UnsafePointer<T>, _ count: Int
) -> T {
  if function == .add { return T.sum(x, count) }
  let width = 64
  return withUnsafeTemporaryAllocation(of: T.self, capacity: width) { lanes in
    let lanes = lanes.baseAddress!
    lanes.initialize(repeating: function.identity(), count: width)
    for start in stride(from: 0, to: count, by: width) {
      function.apply(lanes, x + start, lanes, min(width, count - start))
    }
    for lane in 1..<width { function.apply(lanes, lanes + lane, lanes, 1) }
    return lanes[0]
  }
}

/// The sum of consecutive elements, in an order that depends on their number alone.
func vectorSum<T: KernelFloat>(_ x: UnsafePointer<T>, _ count: Int) -> T {
  sumInPairs(0..<count) { blockSum(x + $0.lowerBound, $0.count) }
}

/// The sums of short blocks, added up in pairs: errors of rounding grow with the logarithm of the number of blocks, not
/// with the number of elements.
func sumInPairs<T: KernelFloat>(_ range: Range<Int>, _ blockSum: (Range<Int>) -> T) -> T {
  let block = 512
  if range.count <= block { return blockSum(range) }
  let middle = range.lowerBound + (range.count + 2 * block - 1) / (2 * block) * block
  return sumInPairs(range.lowerBound..<middle, blockSum)
    + sumInPairs(middle..<range.upperBound, blockSum)
}

private func blockSum<T: KernelFloat>(_ x: UnsafePointer<T>, _ count: Int) -> T {
  var first = SIMD8<T>(repeating: 0)
  var second = SIMD8<T>(repeating: 0)
  var index = 0
  while index &+ 16 <= count {
    first += UnsafeRawPointer(x + index).loadUnaligned(as: SIMD8<T>.self)
    second += UnsafeRawPointer(x + index + 8).loadUnaligned(as: SIMD8<T>.self)
    index &+= 16
  }
  var total = (first + second).sum()
  while index < count {
    total += x[index]
    index &+= 1
  }
  return total
}

/// Divides sums by how many elements they are of.
final class MeanKernel<T: KernelFloat>: Kernel {
  let sum: ReductionKernel<T>
  private var divisor: T = 1

  init(reduced: Set<Int>) { sum = ReductionKernel(.add, reduced: reduced) }

  func prepare(_ sizes: KernelSizes) -> Int {
    divisor = T(sizes.inputs[0].elementCount) / T(sizes.outputs[0].elementCount)
    return sum.prepare(sizes)
  }

  func run(_ context: borrowing KernelContext) {
    sum.run(context)
    let output = context.outputs[0].elements(T.self)
    for index in 0..<context.outputs[0].count { output[index] /= divisor }
  }
}
