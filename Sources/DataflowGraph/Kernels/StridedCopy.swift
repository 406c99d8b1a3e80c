import Tensors

/// A copy of elements that lie at regular distances in the source and in the target.
///
/// Element `[i, j, …]` is read at `source.start + i · source.strides[0] + j · source.strides[1] + …` and
/// written likewise. A distance of 0 repeats, a negative one reverses.
struct StridedCopy {
  /// Where elements lie: the first one's place and the distances along each dimension.
  struct Layout {
    let start: Int
    private let shape: Shape
    /// Nil for the distances that the shape itself gives, which need no memory.
    private let strides: [Int]?

    init(start: Int = 0, strides: [Int]) {
      (self.start, self.strides, shape) = (start, strides, .scalar)
    }

    /// A part of a tensor that lies in row-major order.
    init(start: Int = 0, in shape: Shape) {
      (self.start, self.shape, strides) = (start, shape, nil)
    }

    func stride(_ axis: Int) -> Int { strides?[axis] ?? shape.stride(axis) }
  }

  /// A dimension: how many elements, and how far apart they are.
  struct Axis: Equatable {
    var size: Int
    let source: Int
    let target: Int
  }

  /// The innermost dimension; neighbours that continue each other are one.
  private(set) var inner = Axis(size: 1, source: 1, target: 1)
  /// The others, from inside to outside: none for most copies, which needs no memory.
  private(set) var outer: [Axis] = []
  let sourceStart: Int
  let targetStart: Int
  private let isEmpty: Bool

  init(sizes: [Int], from source: Layout, to target: Layout) {
    (sourceStart, targetStart) = (source.start, target.start)
    isEmpty = sizes.contains(0)
    for axis in sizes.indices.reversed() where sizes[axis] != 1 {
      append(Axis(size: sizes[axis], source: source.stride(axis), target: target.stride(axis)))
    }
  }

  private mutating func append(_ axis: Axis) {
    let last = outer.last ?? inner
    if last.size == 1 {
      inner = axis
    } else if axis.source != last.source * last.size || axis.target != last.target * last.size {
      outer.append(axis)
    } else if outer.isEmpty {
      inner.size *= axis.size
    } else {
      outer[outer.count - 1].size *= axis.size
    }
  }

  /// From inside to outside.
  var axes: [Axis] { [inner] + outer }

  /// How many runs along the innermost dimension there are.
  var rows: Int { isEmpty ? 0 : outer.reduce(1) { $0 * $1.size } }

  var rowLength: Int { inner.size }

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
    let (length, step, stride) = (inner.size, inner.source, inner.target)
    for row in rows {
      var (rest, from, to) = (row, sourceStart, targetStart)
      for axis in outer {
        let (quotient, index) = rest.quotientAndRemainder(dividingBy: axis.size)
        from += index * axis.source
        to += index * axis.target
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
  var strides: [Int] { dimensions.indices.map(stride) }

  /// How far apart neighbours along one dimension lie.
  func stride(_ axis: Int) -> Int {
    var stride = 1
    for inner in axis + 1..<rank { stride *= dimensions[inner] }
    return stride
  }

  /// Every element's place, in row-major order.
  var positions: [[Int]] {
    dimensions.reduce([[]]) { positions, size in
      positions.flatMap { position in (0..<size).map { position + [$0] } }
    }
  }

  var layout: StridedCopy.Layout { StridedCopy.Layout(in: self) }

  /// The layout of the part that starts at `begin`.
  func layout(from begin: [Int]) -> StridedCopy.Layout {
    StridedCopy.Layout(
      start: begin.indices.reduce(0) { $0 + begin[$1] * stride($1) }, in: self)
  }

  /// The layout of the part that starts at `begin` along one dimension.
  func layout(from begin: Int, along axis: Int) -> StridedCopy.Layout {
    StridedCopy.Layout(start: begin * stride(axis), in: self)
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
  private var parts: [Part] = []

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
    parts = try layout(sizes)
    return 0
  }

  func run(_ context: borrowing KernelContext) {
    if clears { clear(context.outputs[0]) }
    for part in parts {
      let cost = 3 + 0.3 * Double(part.copy.rowLength)
      let sharding = Sharding(count: part.copy.rows, nanoseconds: cost)
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
