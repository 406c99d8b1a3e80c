/// The orders in which files hold derivatives: dense and sparse.
extension DerivativeBlocks {
  /// The non-zero derivatives one by one: row `i * g + component`, column `3 k + c`, ordered by
  /// atom, component, neighbour, direction.
  public struct Entries: Sendable, Equatable {
    /// The derivatives, in 1/angstrom.
    public var values: [Float]
    /// `i * g + component` for every value.
    public var rows: [Int32]
    /// `3 k + c` for every value.
    public var columns: [Int32]

    /// Entries put together by the caller, as many rows and columns as values.
    public init(values: [Float], rows: [Int32], columns: [Int32]) {
      precondition(values.count == rows.count && values.count == columns.count, "unequal lists")
      self.values = values
      self.rows = rows
      self.columns = columns
    }
  }

  /// All derivatives, zeros too, in the order `[i][component][k][c]`: n * g * n * 3 numbers.
  public func dense(descriptorSize g: Int) -> [Float] {
    let (n, width) = (atomCount, g / parts)
    var dense = [Float](repeating: 0, count: n * g * n * 3)
    dense.withUnsafeMutableBufferPointer { dense in
      values.withUnsafeBufferPointer { values in
        for row in 0..<rowCount {
          for component in 0..<width {
            let start = (row * width + component) * 3 * n
            for p in blocks(ofRow: row) {
              let (source, target) = (p * 3 * width + component, start + 3 * Int(neighbours[p]))
              dense[target] = values[source]
              dense[target + 1] = values[source + width]
              dense[target + 2] = values[source + 2 * width]
            }
          }
        }
      }
    }
    return dense
  }

  /// The blocks with any non-zero derivative of `dense`, in the order `[i][component][k][c]`.
  ///
  /// - Parameter parts: into how many parts descriptors are cut.
  /// - Precondition: `dense` has n * g * n * 3 numbers, and g is a multiple of the parts.
  public init(dense: [Float], atoms n: Int, descriptorSize g: Int, parts: Int = 1) {
    precondition(parts > 0 && g.isMultiple(of: parts), "\(parts) parts of \(g) components")
    precondition(dense.count == n * g * n * 3, "\(dense.count) numbers for \(n) atoms and \(g)")
    let width = g / parts
    var builder = Builder(atoms: n, parts: parts, width: width)
    for row in 0..<n * parts {
      builder.beginRow()
      for component in 0..<width {
        let start = (row * width + component) * 3 * n
        for column in 0..<(3 * n) where dense[start + column] != 0 { builder.mark(column) }
      }
      builder.openRow(row)
      for component in 0..<width {
        let start = (row * width + component) * 3 * n
        for column in 0..<(3 * n) where dense[start + column] != 0 {
          builder.set(component, column, dense[start + column])
        }
      }
    }
    self = builder.finished()
  }

  /// The non-zero derivatives one by one.
  public func entries(descriptorSize g: Int) -> Entries {
    let (width, count) = (g / parts, values.reduce(0) { $1 != 0 ? $0 + 1 : $0 })
    var entries = Entries(
      values: Array(repeating: 0, count: count), rows: Array(repeating: 0, count: count),
      columns: Array(repeating: 0, count: count))
    var e = 0
    for row in 0..<rowCount {
      for component in 0..<width {
        for p in blocks(ofRow: row) {
          for c in 0..<3 where values[(p * 3 + c) * width + component] != 0 {
            entries.values[e] = values[(p * 3 + c) * width + component]
            entries.rows[e] = Int32(row * width + component)
            entries.columns[e] = 3 * neighbours[p] + Int32(c)
            e += 1
          }
        }
      }
    }
    return entries
  }

  /// The blocks that hold the given derivatives, in any order of the entries.
  ///
  /// - Parameter parts: into how many parts descriptors are cut.
  /// - Precondition: rows are below n * g, columns below 3 n, and g is a multiple of the parts.
  public init(entries: Entries, atoms n: Int, descriptorSize g: Int, parts: Int = 1) {
    precondition(parts > 0 && g.isMultiple(of: parts), "\(parts) parts of \(g) components")
    precondition(entries.rows.allSatisfy { (0..<(n * g)).contains(Int($0)) }, "row out of range")
    precondition(entries.columns.allSatisfy { (0..<(3 * n)).contains(Int($0)) }, "column")
    let (rows, width) = (n * parts, g / parts)
    var builder = Builder(atoms: n, parts: parts, width: width)
    var starts = [Int](repeating: 0, count: rows + 1)
    for row in entries.rows { starts[Int(row) / width + 1] += 1 }
    for row in 0..<rows { starts[row + 1] += starts[row] }
    var place = starts
    var ordered = [Int](repeating: 0, count: entries.values.count)
    for (e, row) in entries.rows.enumerated() {
      ordered[place[Int(row) / width]] = e
      place[Int(row) / width] += 1
    }
    for row in 0..<rows {
      let mine = ordered[starts[row]..<starts[row + 1]]
      builder.beginRow()
      for e in mine { builder.mark(Int(entries.columns[e])) }
      builder.openRow(row)
      for e in mine {
        builder.set(Int(entries.rows[e]) % width, Int(entries.columns[e]), entries.values[e])
      }
    }
    self = builder.finished()
  }

  /// The same derivatives, of descriptors that are cut into so many parts; blocks of zeros are left out.
  ///
  /// - Precondition: the descriptor's size is a multiple of the parts.
  public func cut(into parts: Int, descriptorSize g: Int) -> DerivativeBlocks {
    if parts == self.parts { return self }
    return DerivativeBlocks(
      entries: entries(descriptorSize: g), atoms: atomCount, descriptorSize: g, parts: parts)
  }

  /// Collects the blocks row by row: columns are marked, the row is opened, values set.
  private struct Builder {
    let parts: Int
    let width: Int
    var rowStarts: [Int32] = [0]
    var neighbours: [Int32] = []
    var values: [Float] = []
    /// For every atom the block of the open row, or -1.
    var blockOfAtom: [Int]
    var marked: [Int32] = []

    init(atoms: Int, parts: Int, width: Int) {
      (self.parts, self.width) = (parts, width)
      blockOfAtom = Array(repeating: -1, count: atoms)
    }

    /// Forgets the blocks of the row before.
    mutating func beginRow() {
      guard rowStarts.count > 1 else { return }
      for k in neighbours[Int(rowStarts[rowStarts.count - 2])...] { blockOfAtom[Int(k)] = -1 }
    }

    mutating func mark(_ column: Int) { mark(atom: column / 3) }

    mutating func mark(atom: Int) {
      guard blockOfAtom[atom] < 0 else { return }
      blockOfAtom[atom] = 0
      marked.append(Int32(atom))
    }

    mutating func openRow(_ row: Int) {
      if !marked.isEmpty { mark(atom: row / parts) }
      marked.sort()
      for k in marked {
        blockOfAtom[Int(k)] = neighbours.count
        neighbours.append(k)
      }
      marked.removeAll(keepingCapacity: true)
      values += repeatElement(0, count: neighbours.count * 3 * width - values.count)
      rowStarts.append(Int32(neighbours.count))
    }

    mutating func set(_ component: Int, _ column: Int, _ value: Float) {
      values[(blockOfAtom[column / 3] * 3 + column % 3) * width + component] = value
    }

    func finished() -> DerivativeBlocks {
      DerivativeBlocks(
        parts: parts, rowStarts: rowStarts, neighbours: neighbours, values: values)
    }
  }
}
