import Tensors

/// The elements at places that the last dimension of the indices names. TensorFlow's `GatherNd`.
public struct GatherNd: PlainOperation {
  public static let name = "GatherNd"

  public init() {}

  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(
      types: ["Tparams": .input(0), "Tindices": .input(1)], allowed: TensorFlowForm.strictIndices)
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 2)
    try expectSameType([inputs[1]], among: .indices)
    return [
      TensorSpec(
        inputs[0].elementType, try TupleIndices.shapes(inputs[1].shape, in: inputs[0].shape))
    ]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) -> any Kernel {
    GatherNdKernel(inputs[0].elementType, inputs[1].elementType)
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    [scatterNd(node.inputs[1], outputGradients[0]!, shape: node.inputs[0].shape), nil]
  }

  static let cases: [(Shape, [[Int]], Shape)] = [
    ([4], [[2], [0], [2]], [3]), ([3, 4], [[1, 2], [0, 3]], [2]), ([3, 4], [[2], [0]], [2, 4]),
    ([2, 3, 2], [[1, 2], [1, 0]], [2, 2]), ([2, 3], [[]], [1, 2, 3]),
  ]

  public static var samples: [OperationSample] {
    cases.map { whole, places, result in
      let indices = Tensor(
        shape: [places.count, places[0].count], scalars: places.joined().map { Int64($0) })
      return OperationSample(
        GatherNd(), [.random(whole), indices], needsKnownSizes: true
      ) { inputs in
        let moved = OperationSample.moving(NoOp(), inputs[0], to: result) {
          places[$0[0]] + $0.dropFirst()
        }
        return moved.reference(inputs)
      }
    }
  }
}

/// The elements of `x` at the places that the last dimension of `indices` names.
public func gatherNd(_ x: Value, _ indices: Value, name: String? = nil) -> Value {
  x.graph.apply(GatherNd(), x, indices, name: name)
}
