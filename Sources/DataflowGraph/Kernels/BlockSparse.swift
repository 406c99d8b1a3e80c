import Tensors

// The three operations on block-sparse derivatives are one trilinear form,
//
//     sum over rows i, blocks p of row i, c, g:  blocks[p, c, g] · x[i, g] · y[p, c]
//
// each its derivative with respect to one of the factors: gradients of every order stay among them.

/// Sizes of a block-sparse matrix: `rows` rows, each with a run of blocks `[height, width]`.
struct BlockSparseSizes {
  let rows: Int
  let blocks: Int
  let height: Int
  let width: Int

  /// Rows share the cost of their blocks evenly enough; memory's speed bounds it.
  func sharding<T>(of type: T.Type) -> Sharding {
    let bytes = blocks * height * width * MemoryLayout<T>.stride
    return Sharding(count: rows, nanoseconds: 0.1 * Double(bytes) / Double(max(rows, 1)))
  }
}

/// - Throws: `GraphError` where the starts are not the beginnings of consecutive runs of blocks.
func checkRowStarts(_ starts: TensorView, blocks: Int) throws {
  let elements = starts.elements(Int32.self)
  guard elements[0] == 0, Int(elements[starts.count - 1]) == blocks else {
    throw GraphError(
      "row starts run from \(elements[0]) to \(elements[starts.count - 1]); "
        + "expected 0 to \(blocks), the number of blocks")
  }
  for row in 1..<max(1, starts.count) where elements[row] < elements[row - 1] {
    throw GraphError("row starts decrease at row \(row)")
  }
}

/// Elements that blocks are stored in, and those that are computed with.
protocol BlockElement: TensorElement {
  associatedtype Computed: KernelFloat
  /// Eight elements from one on.
  static func vector(_ start: UnsafePointer<Self>, at index: Int) -> SIMD8<Computed>
  var computed: Computed { get }
}

extension BlockElement where Self: KernelFloat, Computed == Self {
  @inline(__always)
  static func vector(_ start: UnsafePointer<Self>, at index: Int) -> SIMD8<Self> {
    start.vector(at: index)
  }
  @inline(__always) var computed: Self { self }
}

extension Float: BlockElement { typealias Computed = Float }
extension Double: BlockElement { typealias Computed = Double }
extension Float16: BlockElement {
  @inline(__always)
  static func vector(_ start: UnsafePointer<Float16>, at index: Int) -> SIMD8<Float> {
    VectorMath.single(start + index)
  }
  @inline(__always) var computed: Float { Float(self) }
}

extension UnsafePointer where Pointee: KernelFloat {
  @inline(__always)
  func vector(at index: Int) -> SIMD8<Pointee> {
    UnsafeRawPointer(self + index).loadUnaligned(as: SIMD8<Pointee>.self)
  }
}

/// Makes a kernel for blocks of a type.
func makeBlockKernel(
  _ type: ElementType, _ float: () -> any Kernel, _ double: () -> any Kernel,
  _ half: () -> any Kernel
) throws -> any Kernel {
  type == .float16 ? half() : try makeFloatKernel(type, float, double)
}

extension Operation {
  /// Checks that blocks and what they are multiplied with go together: of one type, or blocks in half precision with
  /// single precision.
  func expectBlockTypes(_ blocks: TensorSpec, _ other: TensorSpec) throws {
    guard blocks.elementType == .float16 else {
      return try expectSameType([blocks, other], among: .floats)
    }
    try expect(other, type: .float32, "what blocks in half precision are multiplied with")
  }

  /// Checks the inputs of the three operations against the sizes they share.
  func expectBlockSparse(
    rowStarts: TensorSpec, blocks: SymbolicShape? = nil, x: SymbolicShape? = nil,
    y: SymbolicShape? = nil
  ) throws {
    try expect(rowStarts, type: .int32, "the row starts")
    try expect(rowStarts, rank: 1, "the row starts")
    func check(_ shape: SymbolicShape?, rank: Int, _ what: String) throws {
      guard let shape, shape.rank != rank else { return }
      throw GraphError("\(what) has shape \(shape), expected rank \(rank)")
    }
    try check(blocks, rank: 3, "the blocks")
    try check(x, rank: 2, "the row vectors")
    try check(y, rank: 2, "the block vectors")
    func match(_ a: Dimension?, _ b: Dimension?, _ what: String) throws {
      guard let a, let b, !a.couldEqual(b) else { return }
      throw GraphError("\(what) differ: \(a) and \(b)")
    }
    try match(x.map { $0[0] + 1 }, rowStarts.shape[0], "rows + 1 and row starts")
    try match(blocks.map { $0[0] }, y.map { $0[0] }, "the numbers of blocks")
    try match(blocks.map { $0[1] }, y.map { $0[1] }, "the blocks' heights")
    try match(blocks.map { $0[2] }, x.map { $0[1] }, "the blocks' widths")
  }
}
