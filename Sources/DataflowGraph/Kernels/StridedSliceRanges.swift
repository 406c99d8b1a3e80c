import Tensors

/// Which elements `StridedSlice` takes, as TensorFlow writes it: `x[1:5:2, ..., new, 3]`.
///
/// A bit of a mask says of the entry at its place: to begin or end where the dimension does, to stand
/// for as many dimensions as are left (ellipsis), to be a new dimension, or one that goes.
struct StridedSliceRanges: Sendable {
  static let maskNames = [
    "begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask",
  ]

  let begin: [Dimension]
  let end: [Dimension]
  let strides: [Int]
  /// In the order of `maskNames`.
  let masks: [Int]

  init(begin: [Dimension], end: [Dimension], strides: [Int]?, masks: [Int]) {
    (self.begin, self.end, self.masks) = (begin, end, masks)
    self.strides = strides ?? begin.map { _ in 1 }
  }

  init(attributes: Attributes) throws {
    self.init(
      begin: try attributes.shape("begin").dimensions, end: try attributes.shape("end").dimensions,
      strides: try attributes.ints("strides"),
      masks: try Self.maskNames.map { try attributes.int($0, default: 0) })
  }

  var attributes: Attributes {
    var result: Attributes = [
      "begin": .shape(SymbolicShape(begin)), "end": .shape(SymbolicShape(end)),
      "strides": .ints(strides),
    ]
    for (name, mask) in zip(Self.maskNames, masks) { result[name] = .int(mask) }
    return result
  }

  private func has(_ mask: Int, _ entry: Int) -> Bool { masks[mask] >> entry & 1 == 1 }

  /// A dimension of the result or one that goes.
  private enum Axis {
    case new
    case whole(Int)
    case range(Int, entry: Int)
    case single(Int, entry: Int)
  }

  private func axes(inRank rank: Int) throws -> [Axis] {
    guard begin.count == end.count, begin.count == strides.count, !strides.contains(0) else {
      throw GraphError(
        "begin \(begin), end \(end) and strides \(strides): expected equally many, strides not 0")
    }
    let ellipses = begin.indices.filter { has(2, $0) }
    guard ellipses.count <= 1 else { throw GraphError("more than one ellipsis") }
    let taken = begin.indices.filter { !has(2, $0) && !has(3, $0) }.count
    guard taken <= rank else { throw GraphError("there are \(taken) ranges for rank \(rank)") }
    var (result, axis): ([Axis], Int) = ([], 0)
    func takeRest() {
      for _ in 0..<rank - taken {
        result.append(.whole(axis))
        axis += 1
      }
    }
    for entry in begin.indices {
      if has(2, entry) {
        takeRest()
      } else if has(3, entry) {
        result.append(.new)
      } else {
        result.append(has(4, entry) ? .single(axis, entry: entry) : .range(axis, entry: entry))
        axis += 1
      }
    }
    if ellipses.isEmpty { takeRest() }
    return result
  }

  /// The shape of the result; sizes that are no polynomial in known names are found out late.
  func output(of shape: SymbolicShape) throws -> SymbolicShape {
    var late = 0
    var sizes: [Dimension] = []
    for axis in try axes(inRank: shape.rank) {
      switch axis {
      case .new: sizes.append(1)
      case .whole(let axis): sizes.append(shape[axis])
      case .single(let axis, let entry):
        if let size = shape[axis].known, let place = begin[entry].known {
          _ = try single(place, size)
        }
      case .range(let axis, let entry):
        if let size = size(of: shape[axis], entry) {
          sizes.append(size)
        } else {
          sizes.append(.late(late))
          late += 1
        }
      }
    }
    return SymbolicShape(sizes)
  }

  /// How many elements an entry takes; nil where that depends on more than sums of sizes.
  private func size(of size: Dimension, _ entry: Int) -> Dimension? {
    if let known = size.known, let first = begin[entry].known, let last = end[entry].known {
      return Dimension(range(first, last, entry, in: known).count)
    }
    let (first, last) = (begin[entry], end[entry])
    guard strides[entry] == 1, has(0, entry) || first == 0 else { return nil }
    if has(1, entry) { return size }
    return last == size ? size : nil
  }

  private func single(_ place: Int, _ size: Int) throws -> Int {
    let resolved = place < 0 ? place + size : place
    guard (0..<size).contains(resolved) else {
      throw GraphError("index \(place) is outside 0..<\(size)")
    }
    return resolved
  }

  /// The first element and the number of elements that an entry takes of `size`.
  private func range(
    _ first: Int, _ last: Int, _ entry: Int, in size: Int
  ) -> (first: Int, count: Int) {
    let stride = strides[entry]
    // Where nothing is left of a dimension: before the first element or behind the last one.
    let (lowest, highest) = stride > 0 ? (0, size) : (-1, size - 1)
    func limited(_ place: Int) -> Int {
      min(max(place < 0 ? place + size : place, lowest), highest)
    }
    let start = has(0, entry) ? (stride > 0 ? lowest : highest) : limited(first)
    let stop = has(1, entry) ? (stride > 0 ? highest : lowest) : limited(last)
    return (start, steps(from: start, to: stop, by: stride))
  }

  /// Where the elements lie in a tensor, and the sizes of the result.
  func layout(
    in shape: Shape, _ value: (Dimension) throws -> Int
  ) throws -> (layout: StridedCopy.Layout, sizes: [Int]) {
    var start = 0
    var strides: [Int] = []
    var sizes: [Int] = []
    for axis in try axes(inRank: shape.rank) {
      switch axis {
      case .new:
        strides.append(0)
        sizes.append(1)
      case .whole(let axis):
        strides.append(shape.stride(axis))
        sizes.append(shape[axis])
      case .single(let axis, let entry):
        start += try single(try value(begin[entry]), shape[axis]) * shape.stride(axis)
      case .range(let axis, let entry):
        let (first, count) = range(
          try value(begin[entry]), try value(end[entry]), entry, in: shape[axis])
        start += count == 0 ? 0 : first * shape.stride(axis)
        // A stride that nothing is at may be of any length.
        strides.append(count < 2 ? 0 : shape.stride(axis) * self.strides[entry])
        sizes.append(count)
      }
    }
    return (StridedCopy.Layout(start: start, strides: strides), sizes)
  }
}
