import Tensors

/// A tensor with its reflection around it: `REFLECT` leaves the outermost element out of the
/// reflection, `SYMMETRIC` repeats it. TensorFlow's `MirrorPad` with the paddings as attributes.
public struct MirrorPad: Operation {
  public static let name = "MirrorPad"

  let before: [Dimension]
  let after: [Dimension]
  let mode: String

  /// - Parameter mode: `REFLECT` or `SYMMETRIC`.
  public init(before: [Dimension], after: [Dimension], mode: String) {
    self.before = before
    self.after = after
    self.mode = mode
  }

  public init(attributes: Attributes) throws {
    before = try attributes.shape("before").dimensions
    after = try attributes.shape("after").dimensions
    mode = try attributes.string("mode")
  }

  public var attributes: Attributes {
    [
      "before": .shape(SymbolicShape(before)), "after": .shape(SymbolicShape(after)),
      "mode": .string(mode),
    ]
  }

  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(operands: [.init("paddings", at: 1, .pairs, type: "Tpaddings")])
  }

  /// How many elements at the edge the reflection leaves out.
  private var offset: Int { mode == "REFLECT" ? 1 : 0 }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    guard ["REFLECT", "SYMMETRIC"].contains(mode) else {
      throw GraphError("attribute mode = \"\(mode)\"; allowed: REFLECT, SYMMETRIC")
    }
    return [try inputs[0].padded(before, after)]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) -> any Kernel {
    StridedCopyKernel(inputs[0].elementType) { sizes in
      let (inner, whole) = (sizes.inputs[0], sizes.outputs[0])
      let (before, after) = (try before.map(sizes.evaluate), try after.map(sizes.evaluate))
      for axis in before.indices where max(before[axis], after[axis]) + offset > inner[axis] {
        throw GraphError(
          "paddings \(before) and \(after) are longer than the reflection of \(inner)")
      }
      // Along each dimension: the part before, the tensor itself, the part after.
      var pieces: [[Piece]] = [[]]
      for axis in before.indices {
        let (size, first) = (inner[axis], before[axis])
        let choices = [
          Piece(source: first - 1 + offset, target: 0, count: first, step: -1),
          Piece(source: 0, target: first, count: size, step: 1),
          Piece(source: size - 1 - offset, target: first + size, count: after[axis], step: -1),
        ].filter { $0.count > 0 }
        pieces = pieces.flatMap { piece in choices.map { piece + [$0] } }
      }
      return pieces.map { .init(copy: $0.copy(from: inner, to: whole)) }
    }
  }

  public func gradients(of node: Node, outputGradients: [Value?]) throws -> [Value?] {
    [try gradient(outputGradients[0]!, of: node.inputs[0].shape)]
  }

  /// The gradient with respect to an input of a shape.
  private func gradient(_ g: Value, of shape: SymbolicShape) throws -> Value {
    // Every element of the output is one of the input's: the gradient is summed over the copies.
    let count = shape.elementCount
    let places = reshape(g.graph.range(to: count), shape)
    let copies = try g.graph.add(self, [places]).output
    let sums = unsortedSegmentSum(
      reshape(g, [g.shape.elementCount]), reshape(copies, [g.shape.elementCount]), segments: count)
    return reshape(sums, shape)
  }

  /// The gradient with respect to an input that is as much smaller than the gradient with respect to the output as the
  /// paddings are long.
  ///
  /// - Throws: `GraphError` where there is no such input.
  package func gradient(_ g: Value) throws -> Value {
    let whole = g.shape.dimensions
    guard whole.count == before.count, before.count == after.count else {
      throw GraphError("paddings \(before) and \(after) do not fit the shape \(g.shape)")
    }
    let shape = SymbolicShape(whole.indices.map { whole[$0] - before[$0] - after[$0] })
    guard shape.dimensions.allSatisfy({ $0.known ?? 0 >= 0 }) else {
      throw GraphError("paddings \(before) and \(after) are longer than the shape \(g.shape)")
    }
    _ = try outputs(for: [TensorSpec(g.elementType, shape)])
    return try gradient(g, of: shape)
  }

  public static var samples: [OperationSample] {
    let cases: [(Shape, [Int], [Int])] = [
      ([4], [2], [1]), ([3, 4], [1, 0], [2, 3]), ([2, 3], [0, 0], [0, 0]),
      ([3, 3], [2, 1], [0, 2]),
    ]
    return cases.flatMap { shape, before, after in
      ["REFLECT", "SYMMETRIC"].map { mode in
        let operation = MirrorPad(
          before: before.map { Dimension($0) }, after: after.map { Dimension($0) }, mode: mode)
        let offset = mode == "REFLECT" ? 0 : 1
        return .moving(operation, .random(shape), to: Pad.padded(shape, before, after)) {
          position in
          position.indices.map { axis in
            let (index, last) = (position[axis] - before[axis], shape[axis] - 1)
            return index < 0 ? -index - offset : index > last ? 2 * last - index + offset : index
          }
        }
      }
    }
  }
}

/// A stretch along one dimension that is copied forwards or backwards.
private struct Piece {
  let source: Int
  let target: Int
  let count: Int
  let step: Int
}

extension [Piece] {
  fileprivate func copy(from inner: Shape, to whole: Shape) -> StridedCopy {
    let source = StridedCopy.Layout(
      start: inner.layout(from: map(\.source)).start,
      strides: indices.map { inner.stride($0) * self[$0].step })
    return StridedCopy(
      sizes: map(\.count), from: source, to: whole.layout(from: map(\.target)))
  }
}
