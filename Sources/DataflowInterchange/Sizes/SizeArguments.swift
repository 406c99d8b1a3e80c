import DataflowFormats
import DataflowGraph
import Tensors

/// What a node that computes sizes has to compute with.
struct SizeArguments {
  let node: NodeDef
  /// The inputs, nil for those that are not known to be whole numbers.
  let inputs: [SizeTensor?]
  /// The inputs' shapes, as far as they are known.
  let shapes: [SymbolicShape?]
  /// The inputs' types where that is known.
  let types: [ElementType?]

  subscript(index: Int) -> SizeTensor? { inputs.indices.contains(index) ? inputs[index] : nil }

  /// The first input's shape.
  var shape: SymbolicShape? { shapes.first ?? nil }

  private func int(_ name: String) -> Int {
    if case .int(let value)? = node.attributes[name] { Int(value) } else { 0 }
  }

  /// The numbers of an input that is there for its axes.
  private func numbers(_ index: Int) -> [Int]? { self[index]?.numbers }

  var constant: SizeTensor? {
    guard case .tensor(let proto)? = node.attributes["value"], let tensor = try? proto.tensor()
    else { return nil }
    return SizeTensor(tensor)
  }

  /// Whether whole numbers stay those that they are, where the type holds them.
  var isWholeCast: Bool {
    type("DstT").map { ElementType.float64 == $0 || [ElementType].indices.contains($0) } ?? false
  }

  /// The type that an attribute names, nil where there are no such tensors here.
  func type(_ attribute: String) -> ElementType? {
    guard case .type(let type)? = node.attributes[attribute] else { return nil }
    return type.elementType
  }

  /// The type of the first input that is whole numbers.
  var wholeType: ElementType? {
    zip(inputs, types).lazy.compactMap { $0 == nil ? nil : $1 }.first
  }

  // MARK: Lists

  private func all() -> [SizeTensor]? {
    let known = inputs.compactMap { $0 }
    return known.count == inputs.count ? known : nil
  }

  /// Inputs that are not known count as unknown numbers where they are scalars.
  func packed() -> SizeTensor? {
    guard inputs.contains(where: { $0 != nil }) else { return nil }
    let parts = zip(inputs, shapes).compactMap { input, shape -> SizeTensor? in
      if let input { return input }
      return shape?.rank == 0 ? SizeTensor(scalar: nil) : nil
    }
    guard parts.count == inputs.count, let first = parts.first else { return nil }
    let axis = int("axis") < 0 ? int("axis") + first.shape.rank + 1 : int("axis")
    guard (0...first.shape.rank).contains(axis) else { return nil }
    let raised = parts.compactMap { part -> SizeTensor? in
      var shape = part.shape
      shape.dimensions.insert(1, at: axis)
      return part.shape == first.shape ? part.reshaped(shape) : nil
    }
    guard raised.count == parts.count else { return nil }
    return SizeTensor.concatenated(raised, axis: axis)
  }

  func unpacked() -> [SizeTensor?]? {
    guard let input = self[0], input.shape.rank == 1, int("axis") == 0 || int("axis") == -1 else {
      return nil
    }
    return input.elements.map { SizeTensor(scalar: $0) }
  }

  func concatenated(axisAt position: Int) -> SizeTensor? {
    guard let axis = numbers(position)?.first else { return nil }
    var parts: [SizeTensor] = []
    for index in inputs.indices where index != position {
      if let input = self[index] {
        parts.append(input)
      } else if let shape = shapes[index], shape.rank == 1, let count = shape[0].known,
        count <= SizeTensor.limit
      {
        parts.append(SizeTensor(vector: Array(repeating: nil, count: count)))
      } else {
        return nil
      }
    }
    guard let rank = parts.first?.shape.rank else { return nil }
    return SizeTensor.concatenated(parts, axis: axis < 0 ? axis + rank : axis)
  }

  func filled() -> SizeTensor? {
    guard let sizes = numbers(0), let value = self[1]?.elements.first,
      let shape = Shape(nonnegative: sizes), shape.elementCount <= SizeTensor.limit
    else { return nil }
    return SizeTensor(shape: shape, elements: Array(repeating: value, count: shape.elementCount))
  }

  /// Of vectors only.
  func tiled() -> SizeTensor? {
    guard let input = self[0], input.shape.rank == 1, let times = numbers(1)?.first, times >= 0,
      input.elements.isEmpty || times <= SizeTensor.limit / input.elements.count
    else { return nil }
    return SizeTensor(vector: (0..<times).flatMap { _ in input.elements })
  }

  func range() -> SizeTensor? {
    guard let start = numbers(0)?.first, let limit = numbers(1)?.first,
      let step = numbers(2)?.first, step != 0
    else { return nil }
    let list = Array(stride(from: start, to: limit, by: step).prefix(SizeTensor.limit + 1))
    return list.count > SizeTensor.limit ? nil : SizeTensor(vector: list.map { Dimension($0) })
  }

  func listDifference() -> [SizeTensor?]? {
    guard let list = numbers(0), let other = numbers(1) else { return nil }
    let kept = list.indices.filter { !other.contains(list[$0]) }
    return [
      SizeTensor(vector: kept.map { Dimension(list[$0]) }),
      SizeTensor(vector: kept.map { Dimension($0) }),
    ]
  }

  /// Numbers put together to a vector by the places that come with them, one for each.
  func stitched() -> SizeTensor? {
    guard let inputs = all(), inputs.count.isMultiple(of: 2) else { return nil }
    let half = inputs.count / 2
    var result: [Int: Dimension?] = [:]
    for (places, values) in zip(inputs[..<half], inputs[half...]) {
      guard places.shape == values.shape, let places = places.numbers else { return nil }
      for (place, value) in zip(places, values.elements) { result[place] = .some(value) }
    }
    let count = (result.keys.max() ?? -1) + 1
    guard result.count == count else { return nil }
    return SizeTensor(vector: (0..<count).map { result[$0]! })
  }

  // MARK: Shapes

  func reshaped() -> SizeTensor? {
    guard let input = self[0], var sizes = numbers(1) else { return nil }
    if let open = sizes.firstIndex(of: -1) {
      let others = sizes.filter { $0 != -1 }.reduce(1, *)
      guard others != 0, input.elements.count.isMultiple(of: others) else { return nil }
      sizes[open] = input.elements.count / others
    }
    return Shape(nonnegative: sizes).flatMap(input.reshaped)
  }

  /// Dimensions of size 1 left out.
  func reshapedLikeOutput() -> SizeTensor? {
    guard let input = self[0] else { return nil }
    var axes: [Int] = []
    if case .list(let list)? = node.attributes["squeeze_dims"] { axes = list.ints.map { Int($0) } }
    let resolved = axes.map { $0 < 0 ? $0 + input.shape.rank : $0 }
    let kept = input.shape.dimensions.indices.filter { axis in
      axes.isEmpty ? input.shape[axis] != 1 : !resolved.contains(axis)
    }
    return input.reshaped(Shape(kept.map { input.shape[$0] }))
  }

  func expanded() -> SizeTensor? {
    guard let input = self[0], let axis = numbers(1)?.first else { return nil }
    let position = axis < 0 ? axis + input.shape.rank + 1 : axis
    guard (0...input.shape.rank).contains(position) else { return nil }
    var shape = input.shape
    shape.dimensions.insert(1, at: position)
    return input.reshaped(shape)
  }

  func transposed() -> SizeTensor? {
    guard let input = self[0], let order = numbers(1),
      order.sorted() == Array(0..<input.shape.rank)
    else { return nil }
    let result = Shape(order.map { input.shape[$0] })
    var strides = Array(repeating: 1, count: input.shape.rank)
    for axis in strides.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * input.shape[axis + 1]
    }
    let elements = (0..<result.elementCount).map { index -> Dimension? in
      var (rest, place) = (index, 0)
      for axis in order.indices.reversed() {
        place += rest % result[axis] * strides[order[axis]]
        rest /= result[axis]
      }
      return input.elements[place]
    }
    return SizeTensor(shape: result, elements: elements)
  }

  // MARK: Parts

  func sliced() -> SizeTensor? {
    guard let input = self[0], let begin = numbers(1), let size = numbers(2),
      begin.count == input.shape.rank, size.count == input.shape.rank
    else { return nil }
    var positions: [[Int]] = []
    for axis in begin.indices {
      let end = size[axis] == -1 ? input.shape[axis] : begin[axis] + size[axis]
      guard begin[axis] >= 0, end >= begin[axis], end <= input.shape[axis] else { return nil }
      positions.append(Array(begin[axis]..<end))
    }
    return input.picked(positions)
  }

  /// Of vectors only.
  func stridedSlice() -> SizeTensor? {
    guard let input = self[0], input.shape.rank == 1, let begin = numbers(1)?.first,
      let end = numbers(2)?.first, let step = numbers(3)?.first, step != 0,
      int("ellipsis_mask") == 0, int("new_axis_mask") == 0
    else { return nil }
    let count = input.elements.count
    func resolved(_ place: Int) -> Int {
      let place = place < 0 ? place + count : place
      return step > 0 ? min(max(place, 0), count) : min(max(place, -1), count - 1)
    }
    if int("shrink_axis_mask") & 1 != 0 {
      let place = begin < 0 ? begin + count : begin
      return input.elements.indices.contains(place)
        ? SizeTensor(scalar: input.elements[place]) : nil
    }
    let first = int("begin_mask") & 1 != 0 ? (step > 0 ? 0 : count - 1) : resolved(begin)
    let last = int("end_mask") & 1 != 0 ? (step > 0 ? count : -1) : resolved(end)
    return SizeTensor(
      vector: stride(from: first, to: last, by: step).map { input.elements[$0] })
  }

  /// Along the first axis of vectors.
  func gathered() -> SizeTensor? {
    guard let input = self[0], input.shape.rank == 1, let places = self[1],
      let numbers = places.numbers,
      numbers.allSatisfy({ input.elements.indices.contains($0) })
    else { return nil }
    if inputs.count > 2, self.numbers(2) != [0] { return nil }
    return SizeTensor(shape: places.shape, elements: numbers.map { input.elements[$0] })
  }

  /// Of all elements of vectors.
  func reduced(
    _ start: Dimension, _ combine: (Dimension, Dimension) -> Dimension
  ) -> SizeTensor? {
    guard let input = self[0]?.sizes, self[0]?.shape.rank ?? 2 <= 1, let axes = numbers(1),
      self[0]?.shape.rank == 0 || axes.count == 1
    else { return nil }
    var total = start
    for size in input {
      total = combine(total, size)
      guard total.isModerate else { return nil }
    }
    guard case .bool(true)? = node.attributes["keep_dims"] else { return SizeTensor(scalar: total) }
    return SizeTensor(shape: self[0]!.shape.rank == 0 ? [] : [1], elements: [total])
  }

  // MARK: Gradients

  /// Where each of several tensors begins in their concatenation.
  func concatenationOffsets() -> [SizeTensor?]? {
    guard let axis = numbers(0)?.first, let shapes = all()?.dropFirst() else { return nil }
    var offset = Dimension(0)
    var result: [SizeTensor?] = []
    for shape in shapes {
      guard let sizes = shape.sizes, sizes.indices.contains(axis) else { return nil }
      var begin = Array(repeating: Dimension(0), count: sizes.count)
      begin[axis] = offset
      result.append(SizeTensor(vector: begin))
      offset = offset + sizes[axis]
    }
    return result
  }

  /// The axes along which each of two shapes was repeated to that of their sum.
  func broadcastAxes() -> [SizeTensor?]? {
    guard let a = self[0]?.sizes, let b = self[1]?.sizes else { return nil }
    let rank = max(a.count, b.count)
    let first = Array(repeating: Dimension(1), count: rank - a.count) + a
    let second = Array(repeating: Dimension(1), count: rank - b.count) + b
    func axes(_ own: [Dimension], _ other: [Dimension], missing: Int) -> SizeTensor {
      // A size of 1 that meets a 1 needs no sum, but one does no harm.
      let repeated = (0..<rank).filter { $0 < missing || own[$0] == 1 && other[$0] != 1 }
      return SizeTensor(vector: repeated.map { Dimension($0) })
    }
    return [
      axes(first, second, missing: rank - a.count), axes(second, first, missing: rank - b.count),
    ]
  }

  func broadcastShape() -> SizeTensor? {
    guard let a = self[0]?.sizes, let b = self[1]?.sizes else { return nil }
    let rank = max(a.count, b.count)
    let first = Array(repeating: Dimension(1), count: rank - a.count) + a
    let second = Array(repeating: Dimension(1), count: rank - b.count) + b
    return SizeTensor(vector: zip(first, second).map { $0 == 1 ? $1 : $0 })
  }
}
