import Tensors

/// Elements put back where a strided slice took them, zeros elsewhere: the transpose of `StridedSlice`.
/// TensorFlow's `StridedSliceGrad` with everything but the elements as attributes.
public struct StridedSliceGrad: Operation {
  public static let name = "StridedSliceGrad"

  let shape: SymbolicShape
  let ranges: StridedSliceRanges

  /// - Parameter shape: of the tensor that the slice was of.
  init(shape: SymbolicShape, _ ranges: StridedSliceRanges) {
    self.shape = shape
    self.ranges = ranges
  }

  public init(attributes: Attributes) throws {
    self.init(
      shape: try attributes.shape("shape"), try StridedSliceRanges(attributes: attributes))
  }

  public var attributes: Attributes {
    var attributes = ranges.attributes
    attributes["shape"] = .shape(shape)
    return attributes
  }

  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(operands: [
      .init("shape", at: 0, .sizes, type: "Index"), .init("begin", at: 1, .places, type: "Index"),
      .init("end", at: 2, .places, type: "Index"), .init("strides", at: 3, .ints, type: "Index"),
    ])
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    let part = try ranges.output(of: shape)
    guard part.couldEqual(inputs[0].shape) else {
      throw GraphError("the slice of \(shape) has the shape \(part), not \(inputs[0].shape)")
    }
    return [TensorSpec(inputs[0].elementType, shape)]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) -> any Kernel {
    StridedSliceKernel(ranges, inputs[0], isTransposed: true)
  }

  public func gradients(of node: Node, outputGradients: [Value?]) throws -> [Value?] {
    [try node.graph.add(StridedSlice(ranges), [outputGradients[0]!]).output]
  }

  public static var samples: [OperationSample] {
    StridedSlice.cases.map { whole, slice, part, place in
      let operation = StridedSliceGrad(shape: SymbolicShape(whole), slice.ranges)
      return OperationSample(operation, [.random(part)]) { inputs in
        var elements = Array(repeating: 0.0, count: whole.elementCount)
        for (position, element) in zip(part.positions, inputs[0].doubles) {
          elements[zip(place(position), whole.strides).reduce(0) { $0 + $1.0 * $1.1 }] = element
        }
        return [Tensor(shape: whole, scalars: elements)]
      }
    }
  }
}
