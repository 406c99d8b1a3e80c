import Tensors

/// A tensor repeated along its dimensions. TensorFlow's `Tile` with the multiples as an attribute.
public struct Tile: Operation {
  public static let name = "Tile"

  let multiples: [Dimension]

  /// - Parameter multiples: how often the tensor is repeated, for each dimension.
  public init(multiples: [Dimension]) { self.multiples = multiples }

  public init(attributes: Attributes) throws {
    multiples = try attributes.shape("multiples").dimensions
  }

  public var attributes: Attributes { ["multiples": .shape(SymbolicShape(multiples))] }

  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(operands: [.init("multiples", at: 1, .sizes, type: "Tmultiples")])
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    let shape = inputs[0].shape
    guard multiples.count == shape.rank else {
      throw GraphError("there are \(multiples.count) multiples for the shape \(shape)")
    }
    guard multiples.allSatisfy({ $0.known ?? 0 >= 0 }) else {
      throw GraphError("attribute multiples = \(multiples); allowed: 0 and more")
    }
    return [
      TensorSpec(inputs[0].elementType, SymbolicShape(zip(shape.dimensions, multiples).map(*)))
    ]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) -> any Kernel {
    StridedCopyKernel(inputs[0].elementType) { sizes in
      let (input, output) = (sizes.inputs[0], sizes.outputs[0])
      // Each dimension becomes two: the repetitions, then the elements.
      let (near, far) = (output.strides, input.strides)
      let lengths = try input.dimensions.indices.flatMap {
        [try sizes.evaluate(multiples[$0]), input[$0]]
      }
      let source = far.flatMap { [0, $0] }
      let target = near.indices.flatMap { [near[$0] * input[$0], near[$0]] }
      let copy = StridedCopy(
        sizes: lengths, from: .init(strides: source), to: .init(strides: target))
      return [.init(copy: copy)]
    }
  }

  public func gradients(of node: Node, outputGradients: [Value?]) throws -> [Value?] {
    let shape = node.inputs[0].shape
    let parts = shape.dimensions.indices.flatMap { [multiples[$0], shape[$0]] }
    // Each of the parts has a size, and all together may be too many where their products are sizes too.
    let split = try node.graph.add(
      Reshape(shape: SymbolicShape(parts)), [outputGradients[0]!]
    ).output
    return [sum(split, axes: shape.dimensions.indices.map { 2 * $0 })]
  }

  public static var samples: [OperationSample] {
    let cases: [(Shape, [Int])] = [
      ([], []), ([3], [2]), ([2, 3], [2, 1]), ([2, 3], [1, 3]), ([2, 2, 3], [2, 3, 2]),
      ([2], [0]), ([0, 2], [2, 2]),
    ]
    return cases.map { shape, multiples in
      let result = Shape(zip(shape.dimensions, multiples).map(*))
      let tile = Tile(multiples: multiples.map { Dimension($0) })
      return .moving(tile, .random(shape), to: result) { zip($0, shape.dimensions).map(%) }
    }
  }
}

/// `x` repeated `multiples[i]` times along dimension `i`.
public func tile(_ x: Value, _ multiples: [Dimension], name: String? = nil) -> Value {
  x.graph.apply(Tile(multiples: multiples), x, name: name)
}
