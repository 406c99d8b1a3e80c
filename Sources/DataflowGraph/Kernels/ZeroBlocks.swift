import Tensors

/// Where a matrix holds nothing but zeros: by panels of rows and blocks of columns.
///
/// A descriptor has whole blocks of zeros where an atom has no neighbours of some species, and products
/// need not touch them. A block that is not zero shows it at once, so that looking costs dense matrices
/// next to nothing.
struct ZeroBlocks<T: MatrixElement> {
  /// Consecutive rows with the same blocks of zeros.
  struct Panel {
    let rows: Range<Int>
    /// A bit for each block that is to be multiplied.
    let blocks: UInt64
  }

  private static var rowsOfPanel: Int { 64 }

  private let matrix: UnsafePointer<T>
  private let columns: Int
  private let width: Int
  private let all: UInt64
  private let keepsMost: Bool

  /// - Parameters:
  ///   - columns: the matrix's, whose rows follow each other without gaps.
  ///   - keepsMost: whether a few zeros are not worth several products instead of one.
  /// - Returns: nil for matrices that are too small for blocks to matter.
  init?(_ matrix: UnsafePointer<T>, rows: Int, columns: Int, keepsMost: Bool) {
    guard rows >= Self.rowsOfPanel, columns >= 128 else { return nil }
    self.matrix = matrix
    self.columns = columns
    self.keepsMost = keepsMost
    width = ((columns + 63) / 64).roundedUp(toMultipleOf: 32)
    let count = (columns + width - 1) / width
    all = count == 64 ? .max : 1 << UInt64(count) - 1
  }

  /// Calls `body` for all panels of some rows, in order.
  func forEachPanel(of rows: Range<Int>, _ body: (Panel) -> Void) {
    var (start, blocks) = (rows.lowerBound, UInt64(0))
    var row = rows.lowerBound
    while row < rows.upperBound {
      let end = min(row + Self.rowsOfPanel, rows.upperBound)
      let found = self.blocks(of: row..<end)
      if found != blocks, row > start {
        body(Panel(rows: start..<row, blocks: blocks))
        start = row
      }
      blocks = found
      row = end
    }
    if start < rows.upperBound { body(Panel(rows: start..<rows.upperBound, blocks: blocks)) }
  }

  func isDense(_ panel: Panel) -> Bool { panel.blocks == all }

  /// The ranges of columns that are to be multiplied, as long as can be.
  func ranges(of panel: Panel) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var rest = panel.blocks
    while rest != 0 {
      let first = rest.trailingZeroBitCount
      let count = (~(rest >> UInt64(first))).trailingZeroBitCount
      ranges.append(first * width..<min(columns, (first + count) * width))
      // The lowest run of ones is done.
      rest &= first + count < 64 ? ~0 << UInt64(first + count) : 0
    }
    return ranges
  }

  /// All blocks where there are too few zeros to be left out.
  private func blocks(of rows: Range<Int>) -> UInt64 {
    var zeros = all
    // Rows as they lie, since memory is read ahead along them.
    for row in rows where zeros != 0 {
      var rest = zeros
      while rest != 0 {
        let block = rest.trailingZeroBitCount
        let start = block &* width
        if !isZero(matrix + (row &* columns &+ start), min(width, columns &- start)) {
          zeros &= ~(1 << UInt64(block))
        }
        rest &= rest &- 1
      }
    }
    let found = all & ~zeros
    return keepsMost && 4 * found.nonzeroBitCount > 3 * all.nonzeroBitCount ? all : found
  }

  private func isZero(_ numbers: UnsafePointer<T>, _ count: Int) -> Bool {
    let words = UnsafeRawPointer(numbers).assumingMemoryBound(to: UInt32.self)
    var bits: UInt32 = 0
    for word in 0..<count &* MemoryLayout<T>.stride / 4 { bits |= words[word] }
    return bits == 0
  }
}
