/// The derivatives of every atom's descriptor by the positions of its neighbours, block-sparse.
///
/// Row `i` is atom i's descriptor; each of its blocks is one atom `k` that it depends on and holds
/// `dG_i[component] / dx_k[c]`, in 1/angstrom. Atom i itself is among them when it has neighbours;
/// periodic images count for the atom that they repeat.
public struct DerivativeBlocks: Sendable, Equatable {
  /// Where every row's blocks begin in `neighbours`, and the end of the last: n+1 numbers.
  public var rowStarts: [Int32]
  /// For each block the atom it is the derivative by: ascending within a row, none twice.
  public var neighbours: [Int32]
  /// The blocks, each three runs of g numbers: block p's `[c][component]` is at
  /// `(p * 3 + c) * g + component`.
  public var values: [Float]

  /// Blocks put together by the caller.
  ///
  /// - Precondition: `rowStarts` ascends from 0 to the number of blocks, neighbours ascend within
  ///   every row, and all blocks have the same size.
  public init(rowStarts: [Int32], neighbours: [Int32], values: [Float]) {
    precondition(rowStarts.first == 0 && Int(rowStarts.last!) == neighbours.count, "row starts")
    precondition(
      neighbours.isEmpty ? values.isEmpty : values.count % (3 * neighbours.count) == 0,
      "\(values.count) values for \(neighbours.count) blocks")
    for row in 0..<(rowStarts.count - 1) {
      precondition(rowStarts[row] <= rowStarts[row + 1], "row starts descend at \(row)")
      for p in Int(rowStarts[row])..<Int(rowStarts[row + 1]) where p > Int(rowStarts[row]) {
        precondition(neighbours[p - 1] < neighbours[p], "neighbours of row \(row) do not ascend")
      }
    }
    self.rowStarts = rowStarts
    self.neighbours = neighbours
    self.values = values
  }

  /// No blocks at all, for atoms without neighbours.
  public init(emptyRows atoms: Int) {
    self.init(rowStarts: Array(repeating: 0, count: atoms + 1), neighbours: [], values: [])
  }

  /// The number of atoms, one row each.
  public var rowCount: Int { rowStarts.count - 1 }

  /// The number of blocks in all rows.
  public var blockCount: Int { neighbours.count }

  /// The blocks of one row.
  public func blocks(ofRow row: Int) -> Range<Int> {
    Int(rowStarts[row])..<Int(rowStarts[row + 1])
  }

  /// The number of values in one block: three times the descriptor's size.
  public var blockSize: Int { neighbours.isEmpty ? 0 : values.count / neighbours.count }
}
