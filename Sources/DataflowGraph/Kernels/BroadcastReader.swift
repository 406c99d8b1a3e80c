import Tensors

/// Reads one input of an elementwise operation as if it had the output's shape.
///
/// Neighbouring dimensions that are repeated alike are merged, so that most inputs become one of:
/// as the output, one scalar, a repeated row, or a repeated column.
struct BroadcastReader: Sendable {
  /// Sizes of the merged dimensions, innermost first.
  private var sizes: [Int] = []
  /// How far to step in the input along each: 0 where it is repeated.
  private var strides: [Int] = []
  /// Whether elements stand as in the output, so that nothing needs to be copied.
  private(set) var isContiguous = false

  /// Prepares for shapes of the runs to come.
  ///
  /// - Throws: `GraphError` where the input does not broadcast to the output.
  mutating func follow(input: Shape, output: Shape) throws {
    sizes.removeAll(keepingCapacity: true)
    strides.removeAll(keepingCapacity: true)
    isContiguous = input == output
    if isContiguous {
      append(size: output.elementCount, stride: 1)
      return
    }
    let added = output.rank - input.rank
    guard added >= 0 else { throw GraphError("\(input) does not broadcast to \(output)") }
    var stride = 1
    for axis in output.dimensions.indices.reversed() {
      let size = axis >= added ? input[axis - added] : 1
      guard size == output[axis] || size == 1 else {
        throw GraphError("\(input) does not broadcast to \(output)")
      }
      append(size: output[axis], stride: size == 1 ? 0 : stride)
      stride *= size
    }
    isContiguous = strides.isEmpty || strides == [1]
  }

  private mutating func append(size: Int, stride: Int) {
    if size == 1 { return }
    if let last = strides.last {
      let continues = last == 0 ? stride == 0 : stride == last * sizes[sizes.count - 1]
      if continues {
        sizes[sizes.count - 1] *= size
        return
      }
    }
    sizes.append(size)
    strides.append(stride)
  }

  /// Copies the elements that belong to the output's elements `range`, converting them.
  func read<S, T>(
    _ source: UnsafePointer<S>, _ range: Range<Int>, into target: UnsafeMutablePointer<T>,
    _ convert: (S) -> T
  ) {
    guard let inner = sizes.first else {
      for index in 0..<range.count { target[index] = convert(source[0]) }
      return
    }
    let step = strides[0]
    var written = 0
    var (row, column) = range.lowerBound.quotientAndRemainder(dividingBy: inner)
    while written < range.count {
      let run = min(inner - column, range.count - written)
      let start = source + offset(ofRow: row) + column * step
      let destination = target + written
      if step == 1 {
        for index in 0..<run { destination[index] = convert(start[index]) }
      } else {
        let value = convert(start[0])
        for index in 0..<run { destination[index] = value }
      }
      written += run
      (row, column) = (row + 1, 0)
    }
  }

  /// Where in the input a run along the innermost dimension starts.
  private func offset(ofRow row: Int) -> Int {
    // The usual case, without division.
    if sizes.count == 2 { return row * strides[1] }
    var rest = row
    var offset = 0
    for axis in sizes.indices.dropFirst() {
      let (quotient, index) = rest.quotientAndRemainder(dividingBy: sizes[axis])
      offset += index * strides[axis]
      rest = quotient
    }
    return offset
  }
}
