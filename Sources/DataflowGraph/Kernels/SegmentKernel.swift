import Tensors

/// Combines rows that belong to the same segment.
final class SegmentKernel<T: KernelNumber>: LateSizeKernel {
  let function: BinaryFunction
  let idType: ElementType
  /// Whether ids ascend and their last one says how many segments there are.
  let isSorted: Bool
  private var rows = 0
  private var inner = 0
  private var segments = 0
  private var sharding = Sharding(count: 0, nanoseconds: 0)

  init(_ function: BinaryFunction, idType: ElementType, isSorted: Bool) {
    self.function = function
    self.idType = idType
    self.isSorted = isSorted
  }

  func measure(_ context: borrowing KernelContext) throws -> [Int] {
    var last = -1
    for row in 0..<context.inputs[1].count {
      let id = context.inputs[1].integer(at: row, idType)
      guard id >= max(0, last) else {
        throw GraphError("id \(id) at position \(row) follows \(last): ids must ascend from 0 on")
      }
      last = id
    }
    return [last + 1]
  }

  func prepare(_ sizes: KernelSizes) throws -> Int {
    let (data, ids) = (sizes.inputs[0], sizes.inputs[1])
    (rows, segments) = (ids.elementCount, sizes.outputs[0][0])
    guard data.dimensions.starts(with: ids.dimensions) else {
      throw GraphError("\(ids) ids do not fit the rows of \(data)")
    }
    inner = data.dimensions.dropFirst(ids.rank).reduce(1, *)
    // Each shard has a copy of the result; more copies than that would cost more than they save.
    let maximum = min(16, max(1, rows / max(1, 4 * segments)))
    sharding = Sharding(count: rows, nanoseconds: 1 + 0.5 * Double(inner), maximum: maximum)
    return sharding.shards > 1 ? sharding.shards * segments * inner * MemoryLayout<T>.stride : 0
  }

  @specialized(where T == Float)
  @specialized(where T == Double)
  @specialized(where T == Int32)
  @specialized(where T == Int64)
  func run(_ context: borrowing KernelContext) throws {
    try checkIndices(
      context.inputs[1], idType, below: segments, allowsNegative: !isSorted)
    let source = UnsafePointer(context.inputs[0].elements(T.self))
    let ids = context.inputs[1]
    let output = context.outputs[0].elements(T.self)
    let partial = context.workspace.assumingMemoryBound(to: T.self)
    let count = segments * inner
    context.forEachShard(sharding) { shard, range in
      combine(range, source, ids, into: sharding.shards > 1 ? partial + shard * count : output)
    }
    if sharding.shards > 1 {
      reduceRows(function, partial, 0..<sharding.shards, count, into: output)
    }
    if isSorted && function != .multiply { clearEmptySegments(ids, output) }
  }

  private func combine(
    _ range: Range<Int>, _ source: UnsafePointer<T>, _ ids: TensorView,
    into result: UnsafeMutablePointer<T>
  ) {
    result.update(repeating: start, count: segments * inner)
    if function == .add && !T.isInteger {
      switch idType {
      case .int32: return addRows(range, source, ids.elements(Int32.self), into: result)
      case .int64: return addRows(range, source, ids.elements(Int64.self), into: result)
      default: break
      }
    }
    for row in range {
      let id = ids.integer(at: row, idType)
      // TensorFlow leaves out rows with negative ids.
      if id < 0 { continue }
      let target = result + id * inner
      let elements = source + row * inner
      function.apply(target, elements, target, inner)
    }
  }

  @inline(__always)
  private func addRows<Index: FixedWidthInteger>(
    _ range: Range<Int>, _ source: UnsafePointer<T>, _ ids: UnsafeMutablePointer<Index>,
    into result: UnsafeMutablePointer<T>
  ) {
    let inner = inner
    if inner == 3 {
      // Vectors in space: loops would cost more than what they do.
      for row in range where ids[row] >= 0 {
        let (target, elements) = (result + 3 &* Int(ids[row]), source + 3 &* row)
        target[0] += elements[0]
        target[1] += elements[1]
        target[2] += elements[2]
      }
      return
    }
    for row in range where ids[row] >= 0 {
      let (target, elements) = (result + inner &* Int(ids[row]), source + inner &* row)
      for index in 0..<inner { target[index] += elements[index] }
    }
  }

  /// What a segment begins with: extremes of rows in any order begin with a finite number.
  private var start: T {
    switch function {
    case .maximum where !isSorted: T.lowestFinite
    case .minimum where !isSorted: T.highestFinite
    default: function.identity()
    }
  }

  private func clearEmptySegments(_ ids: TensorView, _ output: UnsafeMutablePointer<T>) {
    var next = 0
    for row in 0..<rows {
      let id = ids.integer(at: row, idType)
      for empty in next..<max(next, id) {
        (output + empty * inner).update(repeating: 0, count: inner)
      }
      next = id + 1
    }
  }
}

/// An operation that combines rows with equal ids.
public protocol SegmentOperation: Operation {
  /// The function that combines two elements.
  static var function: BinaryFunction { get }
}

extension SegmentOperation {
  /// The output for the number of segments given.
  func output(for inputs: [TensorSpec], segments: Dimension) throws -> [TensorSpec] {
    try expect(inputs, count: 2)
    try expectSameType([inputs[0]], among: .numbers)
    try expectSameType([inputs[1]], among: .indices)
    let (data, ids) = (inputs[0].shape, inputs[1].shape)
    guard data.rank >= ids.rank,
      zip(data.dimensions, ids.dimensions).allSatisfy({ $0.couldEqual($1) })
    else {
      throw GraphError("\(ids) ids do not fit the rows of \(data)")
    }
    let sizes = [segments] + data.dimensions.dropFirst(ids.rank)
    return [TensorSpec(inputs[0].elementType, SymbolicShape(sizes))]
  }

  func makeSegmentKernel(_ inputs: [TensorSpec], isSorted: Bool) throws -> any Kernel {
    func make<T: KernelNumber>(_: T.Type) -> any Kernel {
      SegmentKernel<T>(Self.function, idType: inputs[1].elementType, isSorted: isSorted)
    }
    return make(try inputs[0].elementType.kernelNumber)
  }

  /// The gradient of the rows: of sums, extremes (equal ones share it) and products; rows with negative
  /// ids have none.
  func segmentGradient(of node: Node, _ gradient: Value) throws -> [Value?] {
    let (x, ids, segments) = (node.inputs[0], node.inputs[1], node.output.shape[0])
    func spread(_ value: Value) -> Value {
      node.graph.apply(GatherV2(zeroesNegative: true), value, ids)
    }
    switch Self.function {
    case .add: return [spread(gradient), nil]
    case .multiply: return [spread(gradient) * (try productOfOthers(x, ids)), nil]
    default:
      let isExtreme = cast(x .== spread(node.output), to: x.elementType)
      let count = unsortedSegmentSum(isExtreme, ids, segments: segments)
      let ones = node.graph.ones(like: count)
      return [isExtreme * spread(gradient / maximum(count, ones)), nil]
    }
  }

  /// For each row the product of the others in its segment: of those before it times that of those
  /// after it, in the order of the ids. There is no division, so zeros do no harm in any derivative.
  private func productOfOthers(_ x: Value, _ ids: Value) throws -> Value {
    let count = ids.shape.elementCount
    let inner = x.shape.dimensions.dropFirst(ids.shape.rank)
    let flat = reshape(ids, [count])
    // Of equal ids the first come first.
    let order = try topK(-flat, k: count).places
    let sorted = gather(reshape(x, SymbolicShape([count] + inner)), order)
    let places = gather(flat, order)
    func runningProduct(from step: Int) -> Value {
      let isInside = shifted(x.graph.ones(like: places), by: step, axis: 0) .> 0
      let isEqual = shifted(places, by: step, axis: 0) .== places
      let isSame = cast(logicalAnd(isInside, isEqual), to: x.elementType)
      let column = SymbolicShape([count] + inner.map { _ in 1 })
      let continues = broadcast(reshape(isSame, column), to: sorted.shape)
      return linearRecurrence(
        continues * shifted(sorted, by: step, axis: 0), 1 - continues, axis: 0, reverse: step < 0)
    }
    let others = runningProduct(from: 1) * runningProduct(from: -1)
    return reshape(gather(others, invertPermutation(order)), x.shape)
  }
}

extension OperationSample {
  /// Samples of rows with ids that are sorted or not.
  ///
  /// - Parameter empty: what a segment without rows is; if nil no sample has such segments.
  static func segments(
    _ make: (Int) -> any Operation, isSorted: Bool, empty: Double?,
    in range: ClosedRange<Double> = -1.5...1.5,
    _ function: @escaping @Sendable ([Double]) -> Double
  ) -> [OperationSample] {
    let cases: [(Shape, Int, Int)] = [
      ([5], 3, 1), ([6, 2], 4, 1), ([0, 2], isSorted ? 0 : 2, 1), ([4, 2, 3], 2, 1),
      ([3, 1], 5, 1), ([2, 3, 2], 3, isSorted ? 1 : 2), ([20_000, 3], 40, 1),
      ([2, 3], 3, isSorted ? 1 : 0),
    ]
    return cases.enumerated().compactMap { number, sample in
      let (shape, segments, rank) = sample
      let rows = shape.dimensions.prefix(rank).reduce(1, *)
      let inner = shape.dimensions.dropFirst(rank).reduce(1, *)
      var ids = (0..<rows).map { ($0 * 5 + 2) % segments }
      if isSorted { ids.sort() }
      let count = isSorted ? (ids.last ?? -1) + 1 : segments
      let idShape = Shape(Array(shape.dimensions.prefix(rank)))
      let tensor =
        number.isMultiple(of: 2)
        ? Tensor(shape: idShape, scalars: ids.map { Int32($0) })
        : Tensor(shape: idShape, scalars: ids.map { Int64($0) })
      let places = ids
      guard empty != nil || Set(ids).count == count else { return nil }
      return OperationSample(
        make(segments), [.random(shape, in: range), tensor],
        differentiable: shape.elementCount > 1000 ? [] : [0]
      ) { inputs in
        var groups = Array(repeating: [Double](), count: count * inner)
        for (index, element) in inputs[0].doubles.enumerated() {
          groups[places[index / inner] * inner + index % inner].append(element)
        }
        let sizes = [count] + shape.dimensions.dropFirst(rank)
        return [
          Tensor(shape: Shape(sizes), scalars: groups.map { $0.isEmpty ? empty! : function($0) })
        ]
      }
    }
  }
}
