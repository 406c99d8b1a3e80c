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
    SliceKernel(begin: begin, elementSize: inputs[0].elementType.size)
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
      return OperationSample(slice, [.random(shape)]) { inputs in
        let elements = inputs[0].doubles
        let part = Shape(size)
        let offsets = (0..<part.elementCount).map { index in
          var (rest, offset, stride) = (index, 0, 1)
          for axis in size.indices.reversed() {
            offset += (begin[axis] + rest % size[axis]) * stride
            rest /= size[axis]
            stride *= shape[axis]
          }
          return offset
        }
        return [Tensor(shape: part, scalars: offsets.map { elements[$0] })]
      }
    }
  }
}

private final class SliceKernel: Kernel {
  private let begin: [Dimension]
  private let elementSize: Int
  private var box: Box?

  init(begin: [Dimension], elementSize: Int) {
    self.begin = begin
    self.elementSize = elementSize
  }

  func prepare(_ sizes: KernelSizes) throws -> Int {
    box = try Box(
      begin: try begin.map(sizes.evaluate), size: sizes.outputs[0].dimensions, of: sizes.inputs[0])
    return 0
  }

  func run(_ context: borrowing KernelContext) {
    guard let box else { return }
    let bytes = box.rowLength * elementSize
    for (row, offset) in box.rowOffsets.enumerated() {
      (context.outputs[0].base + row * bytes).copyMemory(
        from: context.inputs[0].base + offset * elementSize, byteCount: bytes)
    }
  }
}

/// The part of `x` that starts at `begin` and has the shape `size`.
public func slice(_ x: Value, begin: [Dimension], size: [Dimension]) -> Value {
  x.graph.apply(Slice(begin: begin, size: size), x)
}
