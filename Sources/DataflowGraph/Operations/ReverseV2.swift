import Tensors

/// The elements in reverse order along some dimensions. TensorFlow's `ReverseV2` with the axes as an
/// attribute.
public struct ReverseV2: Operation {
  public static let name = "ReverseV2"

  let axes: [Int]

  /// - Parameter axes: counted from the back where negative.
  public init(axes: [Int]) { self.axes = axes }
  public init(attributes: Attributes) throws { axes = try attributes.ints("axis") }

  public var attributes: Attributes { ["axis": .ints(axes)] }

  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(operands: [.init("axis", at: 1, .ints, type: "Tidx")])
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    let resolved = try axes.map { try inputs[0].shape.axis($0) }
    guard Set(resolved).count == axes.count else { throw GraphError("axes \(axes) repeat") }
    return [TensorSpec(inputs[0].elementType, inputs[0].shape)]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    let axes = try axes.map { try inputs[0].shape.axis($0) }
    return StridedCopyKernel(inputs[0].elementType) { sizes in
      let shape = sizes.inputs[0]
      var (start, strides) = (0, shape.strides)
      for axis in axes {
        start += (shape[axis] - 1) * strides[axis]
        strides[axis] *= -1
      }
      let source = StridedCopy.Layout(start: start, strides: strides)
      return [.init(copy: StridedCopy(sizes: shape.dimensions, from: source, to: shape.layout))]
    }
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    [reverse(outputGradients[0]!, axes: axes)]
  }

  public static var samples: [OperationSample] {
    let cases: [(Shape, [Int])] = [
      ([4], [0]), ([2, 3], [-1]), ([2, 3, 2], [0, 2]), ([0, 2], [0]),
    ]
    return cases.map { shape, axes in
      .moving(ReverseV2(axes: axes), .random(shape), to: shape) { position in
        position.indices.map {
          axes.contains($0) || axes.contains($0 - shape.rank)
            ? shape[$0] - 1 - position[$0] : position[$0]
        }
      }
    }
  }
}

/// The elements of `x` in reverse order along `axes`.
public func reverse(_ x: Value, axes: [Int], name: String? = nil) -> Value {
  x.graph.apply(ReverseV2(axes: axes), x, name: name)
}
