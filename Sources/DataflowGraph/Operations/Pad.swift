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

  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(operands: [.init("paddings", at: 1, .pairs, type: "Tpaddings")])
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    return [try inputs[0].padded(before, after)]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) -> any Kernel {
    StridedCopyKernel(inputs[0].elementType, clears: true) { sizes in
      [.init(copy: try paddingCopy(before, after, sizes))]
    }
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    [slice(outputGradients[0]!, begin: before, size: node.inputs[0].shape.dimensions)]
  }

  public static var samples: [OperationSample] {
    paddingCases.map { shape, before, after in
      let pad = Pad(before: before.map { Dimension($0) }, after: after.map { Dimension($0) })
      return .moving(pad, .random(shape), to: padded(shape, before, after)) { position in
        unpadded(position, before, in: shape)
      }
    }
  }

  static let paddingCases: [(Shape, [Int], [Int])] = [
    ([3], [1], [2]), ([2, 3], [0, 0], [0, 0]), ([2, 3], [1, 0], [2, 1]),
    ([0, 2], [1, 1], [1, 0]),
    ([], [], []),
  ]

  static func padded(_ shape: Shape, _ before: [Int], _ after: [Int]) -> Shape {
    Shape(before.indices.map { before[$0] + shape[$0] + after[$0] })
  }

  /// A place in the inner tensor; nil in the padding.
  static func unpadded(_ position: [Int], _ before: [Int], in shape: Shape) -> [Int]? {
    let inner = zip(position, before).map(-)
    return zip(inner, shape.dimensions).allSatisfy { $0 >= 0 && $0 < $1 } ? inner : nil
  }
}

extension TensorSpec {
  /// The same with more elements before and after.
  func padded(_ before: [Dimension], _ after: [Dimension]) throws -> TensorSpec {
    guard shape.rank == before.count, before.count == after.count else {
      throw GraphError("paddings \(before) and \(after) do not fit the shape \(shape)")
    }
    guard (before + after).allSatisfy({ $0.known ?? 0 >= 0 }) else {
      throw GraphError("paddings \(before) and \(after) are negative; allowed: 0 and more")
    }
    let sizes = before.indices.map { before[$0] + shape[$0] + after[$0] }
    return TensorSpec(elementType, SymbolicShape(sizes))
  }
}

/// The copy of a tensor into a larger one, `before` away from its first element.
///
/// - Throws: `GraphError` for a padding that is negative in this run.
func paddingCopy(
  _ before: [Dimension], _ after: [Dimension], _ sizes: KernelSizes
) throws -> StridedCopy {
  let (inner, whole) = (sizes.inputs[0], sizes.outputs[0])
  for size in after { _ = try sizes.evaluate(size) }
  return StridedCopy(
    sizes: inner.dimensions, from: inner.layout,
    to: whole.layout(from: try before.map(sizes.evaluate)))
}

/// `x` with zeros around it.
public func pad(_ x: Value, before: [Dimension], after: [Dimension], name: String? = nil) -> Value {
  x.graph.apply(Pad(before: before, after: after), x, name: name)
}
