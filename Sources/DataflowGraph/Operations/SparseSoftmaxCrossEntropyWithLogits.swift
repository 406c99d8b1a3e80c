import Tensors

/// The cross entropy `−log softmax(x)[label]` of each row of logits and the class in its label, and its
/// gradient with respect to `x`. TensorFlow's `SparseSoftmaxCrossEntropyWithLogits`.
public struct SparseSoftmaxCrossEntropyWithLogits: PlainOperation {
  public static let name = "SparseSoftmaxCrossEntropyWithLogits"

  public init() {}

  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(types: ["T": .input(0), "Tlabels": .input(1)])
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 2)
    try expectSameType([inputs[0]], among: .floats)
    try expectSameType([inputs[1]], among: .indices)
    try expect(inputs[0], rank: 2, "the logits")
    try expect(inputs[1], rank: 1, "the labels")
    guard inputs[0].shape[0].couldEqual(inputs[1].shape[0]) else {
      throw GraphError("\(inputs[1].shape) labels do not fit the rows of \(inputs[0].shape)")
    }
    let type = inputs[0].elementType
    return [TensorSpec(type, [inputs[0].shape[0]]), TensorSpec(type, inputs[0].shape)]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    let rows: any Kernel = try makeFloatKernel(inputs[0].elementType) {
      kernel(Float.self, inputs[1].elementType)
    } _: {
      kernel(Double.self, inputs[1].elementType)
    }
    return CheckedKernel(rows) { context in
      try checkIndices(
        context.inputs[1], inputs[1].elementType, below: context.inputs[0].dimensions[1])
    }
  }

  @specialized(where T == Float)
  @specialized(where T == Double)
  private func kernel<T: KernelFloat>(_: T.Type, _ labels: ElementType) -> any Kernel {
    RowKernel<T>(nanoseconds: 4) { row, length, scratch, inputs, outputs in
      let x = inputs[0].elements(T.self) + row * length
      let y = outputs[1].elements(T.self) + row * length
      let label = inputs[1].integer(at: row, labels)
      SoftmaxRow.shift(x, y, length)
      let total = SoftmaxRow.exponentials(y, scratch, length)
      outputs[0].elements(T.self)[row] = T(Platform.log(Double(total))) - y[label]
      for index in 0..<length { y[index] = scratch[index] / total }
      y[label] -= 1
    }
  }

  public func deviceProgram(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> DeviceProgram? {
    .rows(.sparseCrossEntropy(labels: inputs[1].elementType), inputs[0].elementType)
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (x, labels) = (node.inputs[0], node.inputs[1])
    let y = softmax(x)
    var result: Value?
    if let g = outputGradients[0] {
      let (on, off) = (
        node.graph.constant(1, x.elementType), node.graph.constant(0, x.elementType)
      )
      let p = oneHot(labels, depth: x.shape[1], on: on, off: off)
      result = expandDims(g, axis: -1) * (y - p)
    }
    if let g = outputGradients[1] {
      let second = (g - sum(g * y, axes: [-1], keepDims: true)) * y
      result = result.map { $0 + second } ?? second
    }
    return [result, nil]
  }

  public static var samples: [OperationSample] {
    func sample(_ labels: Tensor, _ classes: [Int], _ columns: Int) -> OperationSample {
      let shape: Shape = [classes.count, columns]
      return OperationSample(
        SparseSoftmaxCrossEntropyWithLogits(), [.random(shape, in: -3...3), labels]
      ) { inputs in
        let one = classes.flatMap { label in (0..<columns).map { $0 == label ? 1.0 : 0 } }
        let (x, length) = (inputs[0].doubles, columns)
        let totals = classes.indices.map { row in
          x[row * length..<(row + 1) * length].reduce(0) { $0 + Platform.exp($1) }
        }
        let losses = classes.indices.map { row in
          Platform.log(totals[row]) - x[row * length + classes[row]]
        }
        let gradients = x.indices.map { Platform.exp(x[$0]) / totals[$0 / length] - one[$0] }
        return [Tensor(losses), Tensor(shape: shape, scalars: gradients)]
      }
    }
    return [
      sample(Tensor([2, 0, 1] as [Int32]), [2, 0, 1], 3), sample(Tensor([1] as [Int64]), [1], 4),
    ]
  }
}

/// The cross entropy of each row of `logits` and the class in `labels`, whole numbers.
public func sparseSoftmaxCrossEntropy(
  logits: Value, labels: Value, name: String? = nil
) -> Value {
  logits.graph.apply(SparseSoftmaxCrossEntropyWithLogits(), logits, labels, name: name)
}
