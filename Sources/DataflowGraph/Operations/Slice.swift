import Tensors

/// A box-shaped part of a tensor. TensorFlow's `Slice` with begin and size as attributes.
public struct Slice: Operation {
  public static let name = "Slice"

  let begin: [Dimension]
  let size: [Dimension]

  public init(begin: [Dimension], size: [Dimension]) {
    self.begin = begin
    self.size = size
  }

  public init(attributes: Attributes) throws {
    begin = try attributes.shape("begin").dimensions
    size = try attributes.shape("size").dimensions
  }

  public var attributes: Attributes {
    ["begin": .shape(SymbolicShape(begin)), "size": .shape(SymbolicShape(size))]
  }

  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(operands: [
      .init("begin", at: 1, .sizes, type: "Index"), .init("size", at: 2, .sizes, type: "Index"),
    ])
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    guard inputs[0].shape.rank == begin.count, begin.count == size.count else {
      throw GraphError("begin \(begin) and size \(size) do not fit the shape \(inputs[0].shape)")
    }
    for axis in begin.indices {
      let rest = inputs[0].shape[axis] - begin[axis] - size[axis]
      if let known = rest.known, known < 0 {
        throw GraphError(
          "begin \(begin) and size \(size) reach beyond the shape \(inputs[0].shape)")
      }
    }
    return [TensorSpec(inputs[0].elementType, SymbolicShape(size))]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) -> any Kernel {
    StridedCopyKernel(inputs[0].elementType) { sizes in
      let (whole, part) = (sizes.inputs[0], sizes.outputs[0])
      let begin = try begin.map(sizes.evaluate)
      try expect(part, from: begin, in: whole)
      let copy = StridedCopy(
        sizes: part.dimensions, from: whole.layout(from: begin), to: part.layout)
      return [.init(copy: copy)]
    }
  }

  public func gradients(of node: Node, outputGradients: [Value?]) throws -> [Value?] {
    let shape = node.inputs[0].shape
    let after = begin.indices.map { shape[$0] - begin[$0] - size[$0] }
    return [
      try node.graph.add(Pad(before: begin, after: after), [outputGradients[0]!]).output
    ]
  }

  public static var samples: [OperationSample] {
    let cases: [(Shape, [Int], [Int])] = [
      ([5], [1], [3]), ([3, 4], [1, 0], [2, 4]), ([3, 4], [0, 1], [3, 2]),
      ([3, 4], [1, 1], [0, 2]),
      ([2, 3, 4], [1, 0, 2], [1, 2, 2]), ([], [], []),
    ]
    return cases.map { shape, begin, size in
      let slice = Slice(begin: begin.map { Dimension($0) }, size: size.map { Dimension($0) })
      return .moving(slice, .random(shape), to: Shape(size)) { zip($0, begin).map(+) }
    }
  }
}

extension Operation {
  /// Checks that a part lies inside of a tensor.
  func expect(_ part: Shape, from begin: [Int], in whole: Shape) throws {
    for axis in begin.indices where begin[axis] < 0 || begin[axis] + part[axis] > whole[axis] {
      throw GraphError("the part from \(begin) of size \(part) reaches beyond \(whole)")
    }
  }
}

/// The part of `x` that starts at `begin` and has the shape `size`.
public func slice(_ x: Value, begin: [Dimension], size: [Dimension]) -> Value {
  x.graph.apply(Slice(begin: begin, size: size), x)
}
