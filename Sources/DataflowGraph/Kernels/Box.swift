import Tensors

/// Rows of consecutive bytes that a box-shaped part of a tensor consists of.
struct Box {
  /// Where each row starts, in elements of the whole tensor.
  private(set) var rowOffsets: [Int] = []
  private(set) var rowLength = 0

  /// - Throws: `GraphError` where the part reaches beyond the whole.
  init(begin: [Int], size: [Int], of whole: Shape) throws {
    for axis in begin.indices where begin[axis] < 0 || begin[axis] + size[axis] > whole[axis] {
      throw GraphError("the part from \(begin) of size \(size) reaches beyond \(whole)")
    }
    guard let last = size.last, !size.contains(0) else {
      if size.isEmpty { (rowOffsets, rowLength) = ([0], 1) }
      return
    }
    rowLength = last
    rowOffsets = [begin[begin.count - 1]]
    var stride = last == 0 ? 0 : whole[whole.rank - 1]
    for axis in begin.indices.dropLast().reversed() {
      let inner = rowOffsets
      rowOffsets = (0..<size[axis]).flatMap { index in
        inner.map { $0 + (begin[axis] + index) * stride }
      }
      stride *= whole[axis]
    }
    mergeRows()
  }

  /// Joins rows that follow each other without a gap.
  private mutating func mergeRows() {
    let length = rowLength
    let isSolid = rowOffsets.indices.dropFirst().allSatisfy {
      rowOffsets[$0] == rowOffsets[$0 - 1] + length
    }
    if isSolid {
      rowLength *= rowOffsets.count
      rowOffsets = [rowOffsets[0]]
    }
  }
}
