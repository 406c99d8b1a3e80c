import Tensors

/// Products with those columns of a panel of rows that are not zero, brought together beforehand: one product of
/// the library instead of one for each run of columns, most of which are too short to be fast.
///
/// Memory is taken when it is first needed, and a few rows at a time stay in the processor's cache.
struct PanelPacking<T: MatrixElement>: ~Copyable {
  private static var rowsAtATime: Int { 128 }

  private let columns: Int
  private let others: Int
  private var memory: UnsafeMutablePointer<T>?

  /// - Parameters:
  ///   - columns: all those of the matrix.
  ///   - others: the columns of the result.
  init(columns: Int, others: Int) { (self.columns, self.others) = (columns, others) }

  deinit { memory?.deallocate() }

  /// Room for some rows' columns, and behind it for what belongs to each column.
  private mutating func buffers() -> (left: UnsafeMutablePointer<T>, right: UnsafeMutablePointer<T>)
  {
    let count = Self.rowsAtATime * columns
    let base = memory ?? .allocate(capacity: count + columns * others)
    memory = base
    return (base, base + count)
  }

  /// target[rows, columns] = matrix[rows, ranges] · right[ranges, columns].
  ///
  /// - Parameter isTransposed: whether `right` is stored as [columns, all columns of the matrix].
  mutating func multiply(
    _ matrix: UnsafePointer<T>, _ right: UnsafePointer<T>, isTransposed: Bool, _ rows: Range<Int>,
    _ ranges: [Range<Int>], into target: UnsafeMutablePointer<T>, columns: Int
  ) {
    let (left, packed) = buffers()
    let width = ranges.reduce(0) { $0 + $1.count }
    if isTransposed {
      pack(right, 0..<columns, ranges, into: packed)
    } else {
      var place = packed
      for range in ranges {
        place.update(from: right + range.lowerBound * columns, count: range.count * columns)
        place += range.count * columns
      }
    }
    for start in stride(from: rows.lowerBound, to: rows.upperBound, by: Self.rowsAtATime) {
      let part = start..<min(start + Self.rowsAtATime, rows.upperBound)
      pack(matrix, part, ranges, into: left)
      T.multiply(
        MatrixOperand(base: UnsafePointer(left), isTransposed: false, stride: width),
        MatrixOperand(
          base: UnsafePointer(packed), isTransposed: isTransposed,
          stride: isTransposed ? width : columns),
        into: target + (start - rows.lowerBound) * columns, rows: part.count, inner: width,
        columns: columns, adding: false)
    }
  }

  /// target[ranges, columns] += matrix[rows, ranges]ᵀ · right[rows, columns].
  ///
  /// - Parameters:
  ///   - isTransposed: whether `right` is stored as [columns, all rows of the matrix].
  ///   - stride: elements from one stored row of `right` to the next.
  mutating func addTransposed(
    _ matrix: UnsafePointer<T>, _ right: UnsafePointer<T>, isTransposed: Bool, stride: Int,
    _ rows: Range<Int>, _ ranges: [Range<Int>], into target: UnsafeMutablePointer<T>, columns: Int
  ) {
    let (left, result) = buffers()
    let width = ranges.reduce(0) { $0 + $1.count }
    guard width > 0 else { return }
    for start in Swift.stride(from: rows.lowerBound, to: rows.upperBound, by: Self.rowsAtATime) {
      let part = start..<min(start + Self.rowsAtATime, rows.upperBound)
      pack(matrix, part, ranges, into: left)
      T.multiply(
        MatrixOperand(base: UnsafePointer(left), isTransposed: true, stride: width),
        MatrixOperand(
          base: right + (isTransposed ? start : start * stride), isTransposed: isTransposed,
          stride: stride),
        into: result, rows: width, inner: part.count, columns: columns,
        adding: start > rows.lowerBound)
    }
    var place = result
    for range in ranges {
      let own = target + range.lowerBound * columns
      for index in 0..<range.count * columns { own[index] += place[index] }
      place += range.count * columns
    }
  }

  /// The columns of some rows, one row after the other.
  private func pack(
    _ matrix: UnsafePointer<T>, _ rows: Range<Int>, _ ranges: [Range<Int>],
    into target: UnsafeMutablePointer<T>
  ) {
    var place = target
    for row in rows {
      for range in ranges {
        place.update(from: matrix + row * columns + range.lowerBound, count: range.count)
        place += range.count
      }
    }
  }
}
