import Tensors

// Naive references for operations that move elements.
extension OperationSample {
  /// A sample whose every output element is the input's element at the place that `source` names, or
  /// `filling` where it names none.
  static func moving(
    _ operation: any Operation, _ input: Tensor, to shape: Shape, filling: Double = 0,
    _ source: @escaping @Sendable ([Int]) -> [Int]?
  ) -> OperationSample {
    OperationSample(operation, [input]) { inputs in
      let (elements, strides) = (inputs[0].doubles, input.shape.strides)
      let results = shape.positions.map { position -> Double in
        guard let place = source(position) else { return filling }
        return elements[zip(place, strides).reduce(0) { $0 + $1.0 * $1.1 }]
      }
      return [Tensor(shape: shape, scalars: results)]
    }
  }
}
