/// The derivatives of every atom's descriptor by the positions of its neighbours, block-sparse.
///
/// A row is a part of an atom's descriptor, row `i * parts + q` the components from `q * width` on of atom i's, where
/// all descriptors are cut into as many parts of one width, or not at all. Each of its blocks is one atom `k` that the
/// part depends on and holds `dG_i[component] / dx_k[c]`, in 1/angstrom. Atom i itself is among them when there are
/// others; periodic images count for the atom that they repeat.
public struct DerivativeBlocks: Sendable, Equatable {
  /// The parts of each descriptor: 1 where it is whole.
  public let parts: Int
  /// Where every row's blocks begin in `neighbours`, and the end of the last: n * parts + 1 numbers.
  public var rowStarts: [Int32]
  /// For each block the atom it is the derivative by: ascending within a row, none twice.
  public var neighbours: [Int32]
  /// The blocks, each three runs of `width` numbers: block p's `[c][component]` is at
  /// `(p * 3 + c) * width + component`.
  public var values: [Float]

  /// Blocks put together by the caller.
  ///
  /// - Precondition: `rowStarts` ascends from 0 to the number of blocks, neighbours ascend within
  ///   every row, all blocks have the same size, and every atom has as many rows as there are parts.
  public init(parts: Int = 1, rowStarts: [Int32], neighbours: [Int32], values: [Float]) {
    precondition(parts > 0 && (rowStarts.count - 1).isMultiple(of: parts), "\(parts) parts")
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
    self.parts = parts
    self.rowStarts = rowStarts
    self.neighbours = neighbours
    self.values = values
  }

  /// No blocks at all, for atoms without neighbours.
  public init(emptyRows atoms: Int, parts: Int = 1) {
    self.init(
      parts: parts, rowStarts: Array(repeating: 0, count: atoms * parts + 1), neighbours: [],
      values: [])
  }

  /// The number of atoms.
  public var atomCount: Int { rowCount / parts }

  /// The number of rows: of parts of all atoms.
  public var rowCount: Int { rowStarts.count - 1 }

  /// The number of blocks in all rows.
  public var blockCount: Int { neighbours.count }

  /// The blocks of one row.
  public func blocks(ofRow row: Int) -> Range<Int> {
    Int(rowStarts[row])..<Int(rowStarts[row + 1])
  }

  /// The blocks of all parts of one atom's descriptor.
  public func blocks(ofAtom atom: Int) -> Range<Int> {
    Int(rowStarts[atom * parts])..<Int(rowStarts[(atom + 1) * parts])
  }
}
