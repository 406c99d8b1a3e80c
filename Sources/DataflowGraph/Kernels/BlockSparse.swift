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

extension Operation {
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
