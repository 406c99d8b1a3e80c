import Tensors

/// The cross entropy `−Σ p log softmax(x)` of each row of logits `x` and of probabilities `p`, and its
/// gradient with respect to `x`, `softmax(x) − p`. TensorFlow's `SoftmaxCrossEntropyWithLogits`.
public struct SoftmaxCrossEntropyWithLogits: PlainOperation {
  public static let name = "SoftmaxCrossEntropyWithLogits"

  public init() {}

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 2)
    try expectSameType(inputs, among: .floats)
    try expect(inputs[0], rank: 2, "the logits")
    guard inputs[0].shape.couldEqual(inputs[1].shape) else {
      throw GraphError("the labels' shape \(inputs[1].shape) is not \(inputs[0].shape)")
    }
    let type = inputs[0].elementType
    return [TensorSpec(type, [inputs[0].shape[0]]), TensorSpec(type, inputs[0].shape)]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    try makeFloatKernel(inputs[0].elementType) {
      kernel(Float.self)
    } _: {
      kernel(Double.self)
    }
  }

  @specialized(where T == Float)
  @specialized(where T == Double)
  private func kernel<T: KernelFloat>(_: T.Type) -> any Kernel {
    RowKernel<T>(nanoseconds: 4) { row, length, scratch, inputs, outputs in
      let (x, p) = (
        inputs[0].elements(T.self) + row * length, inputs[1].elements(T.self) + row * length
      )
      let y = outputs[1].elements(T.self) + row * length
      SoftmaxRow.shift(x, y, length)
      let total = SoftmaxRow.exponentials(y, scratch, length)
      let logarithm = T(Platform.log(Double(total)))
      var loss: T = 0
      for index in 0..<length {
        loss += p[index] * (logarithm - y[index])
        y[index] = scratch[index] / total - p[index]
      }
      outputs[0].elements(T.self)[row] = loss
    }
  }

  public func deviceProgram(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> DeviceProgram? {
    .rows(.crossEntropy, inputs[0].elementType)
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (x, p) = (node.inputs[0], node.inputs[1])
    var (logits, labels): ([Value], [Value]) = ([], [])
    if let g = outputGradients[0] {
      let column = expandDims(g, axis: -1)
      logits.append(column * (softmax(x) - p))
      labels.append(-column * logSoftmax(x))
    }
    if let g = outputGradients[1] {
      let y = softmax(x)
      logits.append((g - sum(g * y, axes: [-1], keepDims: true)) * y)
      labels.append(-g)
    }
    return [logits, labels].map { parts in parts.dropFirst().reduce(parts[0], +) }
  }

  public static var samples: [OperationSample] {
    let shapes: [Shape] = [[1, 2], [3, 4], [0, 3]]
    return shapes.map { shape in
      // Each row of labels is one half here and there.
      let labels = (0..<shape.elementCount).map { index in
        let (row, column) = (index / shape[1], index % shape[1])
        return (column == row % shape[1] ? 0.5 : 0) + (column == (row + 1) % shape[1] ? 0.5 : 0)
      }
      return OperationSample(
        SoftmaxCrossEntropyWithLogits(),
        [.random(shape, in: -3...3), Tensor(shape: shape, scalars: labels)], differentiable: [0]
      ) { inputs in
        let (x, p, length) = (inputs[0].doubles, inputs[1].doubles, shape[1])
        let totals = (0..<shape[0]).map { row in
          x[row * length..<(row + 1) * length].reduce(0) { $0 + Platform.exp($1) }
        }
        let losses = (0..<shape[0]).map { row in
          (0..<length).reduce(0.0) {
            $0 - p[row * length + $1] * (x[row * length + $1] - Platform.log(totals[row]))
          }
        }
        let gradients = x.indices.map { Platform.exp(x[$0]) / totals[$0 / length] - p[$0] }
        return [Tensor(losses), Tensor(shape: shape, scalars: gradients)]
      }
    }
  }
}

/// The cross entropy of each row of `logits` and the probabilities in `labels`.
public func softmaxCrossEntropy(logits: Value, labels: Value, name: String? = nil) -> Value {
  logits.graph.apply(SoftmaxCrossEntropyWithLogits(), logits, labels, name: name)
}
