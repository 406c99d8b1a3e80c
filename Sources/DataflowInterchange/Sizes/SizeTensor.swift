import DataflowGraph
import Tensors

/// A small tensor of whole numbers as far as the graph knows them: each a number or a polynomial in
/// named sizes, nil where a run only finds it out.
struct SizeTensor: Equatable {
  /// More elements than any shape or list of axes has are not followed.
  static let limit = 4096

  let shape: Shape
  let elements: [Dimension?]

  init?(shape: Shape, elements: [Dimension?]) {
    guard elements.count == shape.elementCount, elements.count <= Self.limit else { return nil }
    self.shape = shape
    self.elements = elements
  }

  init(vector: [Dimension?]) {
    shape = [vector.count]
    elements = vector
  }

  init(scalar: Dimension?) {
    shape = .scalar
    elements = [scalar]
  }

  /// The elements of a constant, nil where they are no whole numbers or too many. Numbers so large that
  /// sums of them might overflow are not followed.
  init?(_ tensor: Tensor) {
    guard tensor.elementCount <= Self.limit else { return nil }
    func element(_ number: Int) -> Dimension? {
      number.magnitude <= 1 << 40 ? Dimension(number) : nil
    }
    switch tensor.elementType {
    case .int32:
      self.init(
        shape: tensor.shape,
        elements: tensor.scalars(as: Int32.self).map { element(Int($0)) })
    case .int64:
      self.init(
        shape: tensor.shape,
        elements: tensor.scalars(as: Int64.self).map { element(Int($0)) })
    default: return nil
    }
  }

  /// The elements where all are numbers, else nil.
  var numbers: [Int]? {
    let known = elements.compactMap { $0?.known }
    return known.count == elements.count ? known : nil
  }

  /// The elements where all are sizes, with names or without.
  var sizes: [Dimension]? {
    let known = elements.compactMap { $0 }
    return known.count == elements.count ? known : nil
  }

  /// The elements without the numbers that a type does not hold.
  func held(by type: ElementType) -> SizeTensor? {
    let range: ClosedRange<Int>
    switch type {
    case .int32: range = Int(Int32.min)...Int(Int32.max)
    case .int64: range = .min ... .max
    // Beyond these some whole numbers are missing; sizes with names never come so far.
    case .float64: range = -(1 << 53)...(1 << 53)
    default: return nil
    }
    return SizeTensor(
      shape: shape,
      elements: elements.map { element in
        element?.known.map(range.contains) == false ? nil : element
      })
  }

  /// The same elements under another shape of as many.
  func reshaped(_ shape: Shape) -> SizeTensor? { SizeTensor(shape: shape, elements: elements) }

  /// A constant of the elements where all are numbers.
  func tensor(of type: ElementType) -> Tensor? {
    guard let numbers else { return nil }
    switch type {
    case .int32:
      return Tensor(shape: shape, scalars: numbers.map { Int32($0) })
    case .int64: return Tensor(shape: shape, scalars: numbers.map { Int64($0) })
    default: return nil
    }
  }

  /// Elements picked by their positions along each axis.
  func picked(_ positions: [[Int]]) -> SizeTensor? {
    let result = Shape(positions.map(\.count))
    guard positions.count == shape.rank, result.elementCount <= Self.limit else { return nil }
    let picked = (0..<result.elementCount).map { index -> Dimension? in
      var (rest, place, stride) = (index, 0, 1)
      for axis in positions.indices.reversed() {
        place += positions[axis][rest % result[axis]] * stride
        rest /= result[axis]
        stride *= shape[axis]
      }
      return elements[place]
    }
    return SizeTensor(shape: result, elements: picked)
  }

  /// The tensors one after the other along an axis.
  static func concatenated(_ parts: [SizeTensor], axis: Int) -> SizeTensor? {
    guard let first = parts.first, (0..<first.shape.rank).contains(axis),
      parts.allSatisfy({ part in
        part.shape.rank == first.shape.rank
          && part.shape.dimensions.indices.allSatisfy {
            $0 == axis || part.shape[$0] == first.shape[$0]
          }
      })
    else { return nil }
    let outer = first.shape.dimensions[..<axis].reduce(1, *)
    var elements: [Dimension?] = []
    for block in 0..<outer {
      for part in parts {
        let length = outer == 0 ? 0 : part.elements.count / outer
        elements += part.elements[block * length..<(block + 1) * length]
      }
    }
    var shape = first.shape
    shape.dimensions[axis] = parts.reduce(0) { $0 + $1.shape[axis] }
    return SizeTensor(shape: shape, elements: elements)
  }

  /// An elementwise result under NumPy's broadcasting rules.
  func combined(
    with other: SizeTensor, _ function: (Dimension, Dimension) -> Dimension?
  ) -> SizeTensor? {
    guard let result = shape.broadcast(with: other.shape), result.elementCount <= Self.limit
    else { return nil }
    let elements = (0..<result.elementCount).map { index -> Dimension? in
      guard let a = self.element(index, of: result), let b = other.element(index, of: result),
        a.isModerate, b.isModerate
      else { return nil }
      return function(a, b)
    }
    return SizeTensor(shape: result, elements: elements)
  }

  /// The element that stands at a place of a shape that this one broadcasts to.
  private func element(_ index: Int, of result: Shape) -> Dimension? {
    var (rest, place, stride) = (index, 0, 1)
    for axis in result.dimensions.indices.reversed() {
      let own = axis - (result.rank - shape.rank)
      if own >= 0 {
        if shape[own] != 1 { place += rest % result[axis] * stride }
        stride *= shape[own]
      }
      rest /= result[axis]
    }
    return elements[place]
  }
}

extension Shape {
  /// The shape of an elementwise result, nil where the shapes do not fit.
  fileprivate func broadcast(with other: Shape) -> Shape? {
    let rank = max(self.rank, other.rank)
    let first = Array(repeating: 1, count: rank - self.rank) + dimensions
    let second = Array(repeating: 1, count: rank - other.rank) + other.dimensions
    var result: [Int] = []
    for (a, b) in zip(first, second) {
      guard a == b || a == 1 || b == 1 else { return nil }
      result.append(a == 1 ? b : a)
    }
    return Shape(result)
  }
}
