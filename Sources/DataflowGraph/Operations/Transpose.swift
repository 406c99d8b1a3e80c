import Tensors

/// The dimensions in another order. TensorFlow's `Transpose` with the permutation as an attribute.
public struct Transpose: Operation {
  public static let name = "Transpose"

  let permutation: [Int]

  /// - Parameter permutation: for each dimension of the result, which one of the input it is.
  public init(permutation: [Int]) { self.permutation = permutation }
  public init(attributes: Attributes) throws { permutation = try attributes.ints("perm") }

  public var attributes: Attributes { ["perm": .ints(permutation)] }

  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(operands: [.init("perm", at: 1, .ints, type: "Tperm")])
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    let shape = inputs[0].shape
    guard permutation.sorted() == Array(0..<shape.rank) else {
      throw GraphError("perm \(permutation) is no permutation of the dimensions of \(shape)")
    }
    return [TensorSpec(inputs[0].elementType, SymbolicShape(permutation.map { shape[$0] }))]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) -> any Kernel {
    StridedCopyKernel(inputs[0].elementType) { sizes in
      let (input, output) = (sizes.inputs[0], sizes.outputs[0])
      let strides = permutation.map { input.strides[$0] }
      return [
        .init(
          copy: StridedCopy(
            sizes: output.dimensions, from: .init(strides: strides), to: output.layout))
      ]
    }
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    [transpose(outputGradients[0]!, permutation.indices.map { permutation.firstIndex(of: $0)! })]
  }

  public static var samples: [OperationSample] {
    let cases: [(Shape, [Int])] = [
      ([], []), ([4], [0]), ([3, 5], [1, 0]), ([2, 3, 4], [2, 0, 1]), ([2, 3, 4], [0, 2, 1]),
      ([2, 0, 3], [2, 1, 0]), ([2, 3, 2, 2], [3, 1, 0, 2]), ([60, 70], [1, 0]),
    ]
    return cases.map { shape, permutation in
      let result = Shape(permutation.map { shape[$0] })
      return .moving(Transpose(permutation: permutation), .random(shape), to: result) { position in
        permutation.indices.map { position[permutation.firstIndex(of: $0)!] }
      }
    }
  }
}

/// `x` with its dimensions in another order, in reverse order if `permutation` is nil.
public func transpose(_ x: Value, _ permutation: [Int]? = nil, name: String? = nil) -> Value {
  let permutation = permutation ?? (0..<x.shape.rank).reversed()
  if permutation == Array(0..<x.shape.rank) { return x }
  return x.graph.apply(Transpose(permutation: permutation), x, name: name)
}
