import Tensors

/// A copy of elements that lie at regular distances in the source and in the target.
///
/// Element `[i, j, …]` is read at `source.start + i · source.strides[0] + j · source.strides[1] + …` and
/// written likewise. A distance of 0 repeats, a negative one reverses.
struct StridedCopy {
  /// Where elements lie: the first one's place and the distances along each dimension.
  struct Layout {
    var start = 0
    var strides: [Int]
  }

  // Innermost dimension first; neighbours that continue each other are merged.
  private(set) var sizes: [Int] = []
  private(set) var sourceStrides: [Int] = []
  private(set) var targetStrides: [Int] = []
  let sourceStart: Int
  let targetStart: Int
  private let isEmpty: Bool

  init(sizes: [Int], from source: Layout, to target: Layout) {
    (sourceStart, targetStart) = (source.start, target.start)
    isEmpty = sizes.contains(0)
    for axis in sizes.indices.reversed() where sizes[axis] != 1 {
      append(sizes[axis], source.strides[axis], target.strides[axis])
    }
    if self.sizes.isEmpty { append(1, 1, 1) }
  }

  private mutating func append(_ size: Int, _ source: Int, _ target: Int) {
    if let length = sizes.last, source == sourceStrides.last! * length,
      target == targetStrides.last! * length
    {
      sizes[sizes.count - 1] *= size
    } else {
      sizes.append(size)
      sourceStrides.append(source)
      targetStrides.append(target)
    }
  }

  /// How many runs along the innermost dimension there are.
  var rows: Int { isEmpty ? 0 : sizes.dropFirst().reduce(1, *) }

  var rowLength: Int { sizes[0] }

  /// Copies some of the rows.
  func run(
    _ rows: Range<Int>, from source: UnsafeMutableRawPointer, to target: UnsafeMutableRawPointer,
    elementSize: Int
  ) {
    switch elementSize {
    case 1: run(rows, source.assumingMemoryBound(to: UInt8.self), target)
    case 2: run(rows, source.assumingMemoryBound(to: UInt16.self), target)
    case 4: run(rows, source.assumingMemoryBound(to: UInt32.self), target)
    default: run(rows, source.assumingMemoryBound(to: UInt64.self), target)
    }
  }

  @inline(__always)
  private func run<Element: BitwiseCopyable>(
    _ rows: Range<Int>, _ source: UnsafeMutablePointer<Element>, _ target: UnsafeMutableRawPointer
  ) {
    let target = target.assumingMemoryBound(to: Element.self)
    let (length, step, stride) = (sizes[0], sourceStrides[0], targetStrides[0])
    for row in rows {
      var (rest, from, to) = (row, sourceStart, targetStart)
      for axis in 1..<max(1, sizes.count) {
        let (quotient, index) = rest.quotientAndRemainder(dividingBy: sizes[axis])
        from += index * sourceStrides[axis]
        to += index * targetStrides[axis]
        rest = quotient
      }
      let (first, result) = (source + from, target + to)
      if step == 1 && stride == 1 {
        result.update(from: first, count: length)
      } else {
        for index in 0..<length { result[index &* stride] = first[index &* step] }
      }
    }
  }
}

extension Shape {
  /// How far apart neighbours along each dimension lie.
  var strides: [Int] {
    var strides = Array(repeating: 1, count: rank)
    for axis in dimensions.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * self[axis + 1]
    }
    return strides
  }

  /// Every element's place, in row-major order.
  var positions: [[Int]] {
    dimensions.reduce([[]]) { positions, size in
      positions.flatMap { position in (0..<size).map { position + [$0] } }
    }
  }

  var layout: StridedCopy.Layout { StridedCopy.Layout(strides: strides) }

  /// The layout of the part that starts at `begin`.
  func layout(from begin: [Int]) -> StridedCopy.Layout {
    StridedCopy.Layout(start: zip(begin, strides).reduce(0) { $0 + $1.0 * $1.1 }, strides: strides)
  }
}

/// Moves elements from inputs to outputs by strided copies.
final class StridedCopyKernel: Kernel {
  struct Part {
    var input = 0
    var output = 0
    let copy: StridedCopy
  }

  private let elementSize: Int
  let clears: Bool
  let layout: @Sendable (KernelSizes) throws -> [Part]
  private var parts: [(part: Part, sharding: Sharding)] = []

  /// - Parameters:
  ///   - clears: whether the copies leave gaps in the outputs, which are zeros.
  ///   - layout: the copies for given sizes.
  init(
    _ elementType: ElementType, clears: Bool = false,
    layout: @escaping @Sendable (KernelSizes) throws -> [Part]
  ) {
    elementSize = elementType.size
    self.clears = clears
    self.layout = layout
  }

  func prepare(_ sizes: KernelSizes) throws -> Int {
    parts = try layout(sizes).map { part in
      let cost = 3 + 0.3 * Double(part.copy.rowLength)
      return (part, Sharding(count: part.copy.rows, nanoseconds: cost))
    }
    return 0
  }

  func run(_ context: borrowing KernelContext) {
    if clears { clear(context.outputs[0]) }
    for (part, sharding) in parts {
      let (source, target) = (context.inputs[part.input].base, context.outputs[part.output].base)
      context.forEachShard(sharding) { _, rows in
        part.copy.run(rows, from: source, to: target, elementSize: elementSize)
      }
    }
  }

  private func clear(_ output: TensorView) {
    output.base.initializeMemory(as: UInt8.self, repeating: 0, count: output.count * elementSize)
  }
}
