import Tensors

/// `exp(x) / Σ exp(x)` along the last dimension. TensorFlow's `Softmax`.
public struct Softmax: PlainOperation {
  public static let name = "Softmax"

  public init() {}

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    try expectSameType(inputs, among: .floats)
    guard inputs[0].shape.rank > 0 else { throw GraphError("a scalar has no rows") }
    return [inputs[0]]
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
    RowKernel<T>(nanoseconds: 3) { row, length, scratch, inputs, outputs in
      let x = inputs[0].elements(T.self) + row * length
      let y = outputs[0].elements(T.self) + row * length
      SoftmaxRow.shift(x, y, length)
      let factor = 1 / SoftmaxRow.exponentials(y, scratch, length)
      for index in 0..<length { y[index] = scratch[index] * factor }
    }
  }

  public func deviceProgram(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> DeviceProgram? {
    .rows(.softmax, inputs[0].elementType)
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (y, g) = (node.output, outputGradients[0]!)
    return [(g - sum(g * y, axes: [-1], keepDims: true)) * y]
  }

  public static var samples: [OperationSample] {
    let shapes: [Shape] = [[4], [3, 5], [2, 3, 4], [0, 3], [200, 60]]
    return shapes.map { shape in
      OperationSample(
        Softmax(), [.random(shape, in: -4...4)],
        differentiable: shape.elementCount > 1000 ? [] : nil
      ) { inputs in
        let (x, length) = (inputs[0].doubles, shape.dimensions.last!)
        let rows = stride(from: 0, to: x.count, by: length).flatMap { start in
          let row = x[start..<start + length]
          let total = row.reduce(0) { $0 + Platform.exp($1) }
          return row.map { Platform.exp($0) / total }
        }
        return [Tensor(shape: shape, scalars: rows)]
      }
    }
  }
}

/// `exp(x) / Σ exp(x)` along the last dimension.
public func softmax(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Softmax(), x, name: name)
}
