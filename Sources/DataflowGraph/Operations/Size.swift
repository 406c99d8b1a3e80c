import Tensors

/// How many elements a tensor has. TensorFlow's `Size`.
public struct Size: Operation {
  public static let name = "Size"

  private let sizeType: SizeType

  /// - Parameter outputType: `int32` or `int64`.
  public init(outputType: ElementType = .int32) { sizeType = SizeType(outputType) }
  public init(attributes: Attributes) throws { sizeType = try SizeType(attributes: attributes) }

  public var attributes: Attributes { sizeType.attributes }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    return [TensorSpec(sizeType.type, .scalar)]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) -> any Kernel {
    let type = sizeType.type
    return FunctionKernel { context in
      context.outputs[0].setInteger(context.inputs[0].count, at: 0, type)
    } check: { sizes in
      try type.expectHolding(sizes.inputs[0].elementCount)
    }
  }

  public func deviceProgram(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> DeviceProgram? {
    .numbers(sizeType.type, count: 1) { [$0.inputs[0].elementCount] }
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] { [nil] }

  public static var samples: [OperationSample] {
    let shapes: [Shape] = [[], [3], [2, 0, 4]]
    return shapes.flatMap { shape in
      [
        OperationSample(Size(), [.random(shape)], differentiable: []) { _ in
          [Tensor(Int32(shape.elementCount))]
        },
        OperationSample(Size(outputType: .int64), [.random(shape)], differentiable: []) { _ in
          [Tensor(Int64(shape.elementCount))]
        },
      ]
    }
  }
}

/// How many elements `x` has, as a number of the given type; a constant where that is known.
public func size(_ x: Value, as type: ElementType = .int32, name: String? = nil) -> Value {
  if let count = x.shape.elementCount.known, type.holds(count) {
    return x.graph.constant(Double(count), type, name: name)
  }
  let size = x.graph.apply(Size(outputType: type == .int32 ? .int32 : .int64), x, name: name)
  return cast(size, to: type)
}
