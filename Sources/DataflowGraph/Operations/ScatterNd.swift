import Tensors

/// Elements added up at the places that the last dimension of the indices names, zeros elsewhere: the
/// transpose of `GatherNd`. TensorFlow's `ScatterNd` with the shape as an attribute.
public struct ScatterNd: Operation {
  public static let name = "ScatterNd"

  let shape: SymbolicShape

  public init(shape: SymbolicShape) { self.shape = shape }
  public init(attributes: Attributes) throws { shape = try attributes.shape("shape") }

  public var attributes: Attributes { ["shape": .shape(shape)] }

  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(
      operands: [.init("shape", at: 2, .sizes, type: "Tindices")],
      types: ["Tindices": .input(0), "T": .input(1)], allowed: TensorFlowForm.strictIndices)
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 2)
    try expectSameType([inputs[0]], among: .indices)
    try expectSameType([inputs[1]], among: .numbers)
    let updates = try TupleIndices.shapes(inputs[0].shape, in: shape)
    guard updates.couldEqual(inputs[1].shape) else {
      throw GraphError("the updates' shape is \(inputs[1].shape), expected \(updates)")
    }
    return [TensorSpec(inputs[1].elementType, shape)]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    func make<T: KernelNumber>(_: T.Type) -> any Kernel {
      ScatterNdKernel<T>(inputs[0].elementType)
    }
    return make(try inputs[1].elementType.kernelNumber)
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    [nil, gatherNd(outputGradients[0]!, node.inputs[0])]
  }

  public static var samples: [OperationSample] {
    GatherNd.cases.map { whole, places, result in
      let indices = Tensor(
        shape: [places.count, places[0].count], scalars: places.joined().map { Int32($0) })
      return OperationSample(
        ScatterNd(shape: SymbolicShape(whole)), [indices, .random(result)], needsKnownSizes: true
      ) { inputs in
        var sums = Array(repeating: 0.0, count: whole.elementCount)
        for (position, element) in zip(result.positions, inputs[1].doubles) {
          let place = places[position[0]] + position.dropFirst()
          sums[zip(place, whole.strides).reduce(0) { $0 + $1.0 * $1.1 }] += element
        }
        return [Tensor(shape: whole, scalars: sums)]
      }
    }
  }
}

/// `updates` added up at the places that the last dimension of `indices` names, in zeros of `shape`.
public func scatterNd(
  _ indices: Value, _ updates: Value, shape: SymbolicShape, name: String? = nil
) -> Value {
  indices.graph.apply(ScatterNd(shape: shape), indices, updates, name: name)
}
