import Tensors

/// Where a matrix holds nothing but zeros: by panels of rows and blocks of columns.
///
/// A descriptor has whole blocks of zeros where an atom has no neighbours of some species, and products
/// need not touch them. A block that is not zero shows it at once, so that looking costs dense matrices
/// next to nothing.
struct ZeroBlocks<T: MatrixElement> {
  /// As many as products take at a time.
  private static var rowsOfPanel: Int { 12 }
  /// What the nearest but one cache has room for.
  private static var bytes: Int { 1 << 19 }

  private let rows: Range<Int>
  private let columns: Int
  private let width: Int
  /// A bit for each block that is to be multiplied, by panel.
  private let panels: UnsafeMutableBufferPointer<UInt64>

  /// Calls `body` for rows that stay in the cache while they are looked at and multiplied, and their blocks of zeros: nil
  /// where there are none.
  ///
  /// - Parameter columns: the matrix's, whose rows follow each other without gaps. Those of a matrix that is too small for
  ///   blocks to matter come at once.
  static func forEachPart(
    of matrix: UnsafePointer<T>, rows: Range<Int>, columns: Int,
    _ body: (Range<Int>, ZeroBlocks?) -> Void
  ) {
    guard rows.count >= rowsOfPanel, columns >= 128 else { return body(rows, nil) }
    let width = ((columns + 63) / 64).roundedUp(toMultipleOf: 32)
    let count = (columns + width - 1) / width
    let all = count == 64 ? .max : UInt64(1) << UInt64(count) - 1
    let most = max(1, bytes / (rowsOfPanel * columns * MemoryLayout<T>.stride))
    let row = (columns * MemoryLayout<T>.stride + 7) / 8
    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: most + row) { bits in
      let common = UnsafeMutableRawPointer(bits.baseAddress! + most).bindMemory(
        to: UInt32.self, capacity: 2 * row)
      for start in stride(from: rows.lowerBound, to: rows.upperBound, by: most * rowsOfPanel) {
        let part = start..<min(start + most * rowsOfPanel, rows.upperBound)
        let panels = bits[..<((part.count + rowsOfPanel - 1) / rowsOfPanel)]
        let blocks = ZeroBlocks(
          rows: part, columns: columns, width: width,
          panels: UnsafeMutableBufferPointer(rebasing: panels))
        var isDense = true
        for panel in panels.indices {
          let zeros = blocks.zeros(matrix, blocks.rows(of: panel..<panel + 1), common)
          bits.initializeElement(at: panel, to: all & ~zeros)
          isDense = isDense && zeros == 0
        }
        body(part, isDense ? nil : blocks)
      }
    }
  }

  /// Calls `body` for rows that have the same blocks of zeros, in order.
  ///
  /// - Parameter body: gets the rows, and the columns that are to be multiplied, as long ranges as can be.
  func forEachPanel(_ body: (Range<Int>, [Range<Int>]) -> Void) {
    var ranges: [Range<Int>] = []
    var first = 0
    while first < panels.count {
      var next = first + 1
      while next < panels.count && panels[next] == panels[first] { next += 1 }
      ranges.removeAll(keepingCapacity: true)
      forEachRun(64) {
        panels[first] >> UInt64($0) & 1 != 0
      } body: {
        ranges.append($0.lowerBound * width..<min(columns, $0.upperBound * width))
      }
      body(rows(of: first..<next), ranges)
      first = next
    }
  }

  /// Calls `body` for columns that are zero in the same rows, in order.
  ///
  /// - Parameter body: gets the columns, and the rows that are to be multiplied, as long ranges as can be.
  func forEachBlock(_ body: (Range<Int>, [Range<Int>]) -> Void) {
    var ranges: [Range<Int>] = []
    let count = (columns + width - 1) / width
    var first = 0
    while first < count {
      var next = first + 1
      while next < count
        && panels.allSatisfy({ ($0 >> UInt64(first) ^ $0 >> UInt64(next)) & 1 == 0 })
      {
        next += 1
      }
      ranges.removeAll(keepingCapacity: true)
      forEachRun(panels.count) {
        panels[$0] >> UInt64(first) & 1 != 0
      } body: {
        ranges.append(rows(of: $0))
      }
      body(first * width..<min(columns, next * width), ranges)
      first = next
    }
  }

  private func rows(of panels: Range<Int>) -> Range<Int> {
    let start = rows.lowerBound + panels.lowerBound * Self.rowsOfPanel
    return start..<min(rows.lowerBound + panels.upperBound * Self.rowsOfPanel, rows.upperBound)
  }

  /// Calls `body` for each run of numbers below `count` that are wanted.
  private func forEachRun(
    _ count: Int, _ isWanted: (Int) -> Bool, body: (Range<Int>) -> Void
  ) {
    var place = 0
    while place < count {
      let start = place
      while place < count && isWanted(place) { place += 1 }
      if place > start { body(start..<place) }
      place += 1
    }
  }

  /// A bit for each block that is zero in some rows.
  ///
  /// - Parameter common: room for a row.
  private func zeros(
    _ matrix: UnsafePointer<T>, _ rows: Range<Int>, _ common: UnsafeMutablePointer<UInt32>
  ) -> UInt64 {
    let count = columns * MemoryLayout<T>.stride / 4
    let words = UnsafeRawPointer(matrix).assumingMemoryBound(to: UInt32.self)
    let first = words + rows.lowerBound * count
    // Of a dense matrix the first row says so.
    guard zeros(first) != 0 else { return 0 }
    common.update(from: first, count: count)
    for row in rows.dropFirst() {
      let own = words + row * count
      for word in 0..<count { common[word] |= own[word] }
    }
    return zeros(common)
  }

  /// A bit for each block of a row that is zero.
  private func zeros(_ row: UnsafePointer<UInt32>) -> UInt64 {
    var (zeros, bit) = (UInt64(0), UInt64(1))
    let (width, count) = (wordsOfBlock, columns * MemoryLayout<T>.stride / 4)
    for start in stride(from: 0, to: count, by: width) {
      var bits: UInt32 = 0
      for word in start..<min(start + width, count) { bits |= row[word] }
      if bits == 0 { zeros |= bit }
      bit <<= 1
    }
    return zeros
  }

  private var wordsOfBlock: Int { width * MemoryLayout<T>.stride / 4 }
}
