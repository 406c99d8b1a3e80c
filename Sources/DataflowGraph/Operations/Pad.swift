import Tensors

/// A tensor with zeros around it: the transpose of `Slice`. TensorFlow's `Pad` with the paddings as
/// attributes.
public struct Pad: Operation {
  public static let name = "Pad"

  let before: [Dimension]
  let after: [Dimension]

  public init(before: [Dimension], after: [Dimension]) {
    self.before = before
    self.after = after
  }

  public init(attributes: Attributes) throws {
    before = try attributes.shape("before").dimensions
    after = try attributes.shape("after").dimensions
  }

  public var attributes: Attributes {
    ["before": .shape(SymbolicShape(before)), "after": .shape(SymbolicShape(after))]
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    let shape = inputs[0].shape
    guard shape.rank == before.count, before.count == after.count else {
      throw GraphError("paddings \(before) and \(after) do not fit the shape \(shape)")
    }
    let sizes = before.indices.map { before[$0] + shape[$0] + after[$0] }
    return [TensorSpec(inputs[0].elementType, SymbolicShape(sizes))]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) -> any Kernel {
    PadKernel(before: before, elementSize: inputs[0].elementType.size)
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    [slice(outputGradients[0]!, begin: before, size: node.inputs[0].shape.dimensions)]
  }

  public static var samples: [OperationSample] {
    let cases: [(Shape, [Int], [Int])] = [
      ([3], [1], [2]), ([2, 3], [0, 0], [0, 0]), ([2, 3], [1, 0], [2, 1]),
      ([0, 2], [1, 1], [1, 0]),
      ([], [], []),
    ]
    return cases.map { shape, before, after in
      let pad = Pad(before: before.map { Dimension($0) }, after: after.map { Dimension($0) })
      return OperationSample(pad, [.random(shape)]) { inputs in
        let whole = Shape(before.indices.map { before[$0] + shape[$0] + after[$0] })
        var padded = Array(repeating: 0.0, count: whole.elementCount)
        for (index, element) in inputs[0].doubles.enumerated() {
          var (rest, offset, stride) = (index, 0, 1)
          for axis in before.indices.reversed() {
            offset += (before[axis] + rest % shape[axis]) * stride
            rest /= shape[axis]
            stride *= whole[axis]
          }
          padded[offset] = element
        }
        return [Tensor(shape: whole, scalars: padded)]
      }
    }
  }
}

private final class PadKernel: Kernel {
  private let before: [Dimension]
  private let elementSize: Int
  private var box: Box?

  init(before: [Dimension], elementSize: Int) {
    self.before = before
    self.elementSize = elementSize
  }

  func prepare(_ sizes: KernelSizes) throws -> Int {
    box = try Box(
      begin: try before.map(sizes.evaluate), size: sizes.inputs[0].dimensions, of: sizes.outputs[0])
    return 0
  }

  func run(_ context: borrowing KernelContext) {
    guard let box else { return }
    let output = context.outputs[0]
    output.base.initializeMemory(as: UInt8.self, repeating: 0, count: output.count * elementSize)
    let bytes = box.rowLength * elementSize
    for (row, offset) in box.rowOffsets.enumerated() {
      (output.base + offset * elementSize).copyMemory(
        from: context.inputs[0].base + row * bytes, byteCount: bytes)
    }
  }
}
