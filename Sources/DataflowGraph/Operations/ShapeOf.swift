import Tensors

/// The sizes of a tensor's dimensions. TensorFlow's `Shape`.
public struct ShapeOf: Operation {
  public static let name = "Shape"

  private let sizeType: SizeType

  /// - Parameter outputType: `int32` or `int64`.
  public init(outputType: ElementType = .int32) { sizeType = SizeType(outputType) }
  public init(attributes: Attributes) throws { sizeType = try SizeType(attributes: attributes) }

  public var attributes: Attributes { sizeType.attributes }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    return [TensorSpec(sizeType.type, [Dimension(inputs[0].shape.rank)])]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) -> any Kernel {
    let type = sizeType.type
    return FunctionKernel { context in
      for axis in 0..<context.inputs[0].rank {
        context.outputs[0].setInteger(context.inputs[0].dimensions[axis], at: axis, type)
      }
    } check: { sizes in
      for size in sizes.inputs[0].dimensions { try type.expectHolding(size) }
    }
  }

  public func deviceProgram(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> DeviceProgram? {
    .numbers(sizeType.type, count: inputs[0].shape.rank) { $0.inputs[0].dimensions }
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] { [nil] }

  public static var samples: [OperationSample] {
    let shapes: [Shape] = [[], [3], [2, 0, 4]]
    return shapes.flatMap { shape in
      [
        OperationSample(ShapeOf(), [.random(shape)], differentiable: []) { _ in
          [Tensor(shape.dimensions.map { Int32($0) })]
        },
        OperationSample(ShapeOf(outputType: .int64), [.random(shape)], differentiable: []) { _ in
          [Tensor(shape.dimensions.map { Int64($0) })]
        },
      ]
    }
  }
}

/// The sizes of the dimensions of `x`, as a vector of the given type.
public func shape(of x: Value, as type: ElementType = .int32, name: String? = nil) -> Value {
  x.graph.apply(ShapeOf(outputType: type), x, name: name)
}
