import Tensors

/// The sizes of the dimensions of several tensors. TensorFlow's `ShapeN`.
public struct ShapeN: Operation {
  public static let name = "ShapeN"

  private let sizeType: SizeType

  /// - Parameter outputType: `int32` or `int64`.
  public init(outputType: ElementType = .int32) { sizeType = SizeType(outputType) }
  public init(attributes: Attributes) throws { sizeType = try SizeType(attributes: attributes) }

  public var attributes: Attributes { sizeType.attributes }

  public static var tensorFlowForm: TensorFlowForm { TensorFlowForm(count: "N") }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    guard !inputs.isEmpty else { throw GraphError("takes at least 1 input, got 0") }
    try expectSameType(inputs)
    return inputs.map { TensorSpec(sizeType.type, [Dimension($0.shape.rank)]) }
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) -> any Kernel {
    let (type, count) = (sizeType.type, inputs.count)
    return FunctionKernel { context in
      for index in 0..<count {
        let input = context.inputs[index]
        for axis in 0..<input.rank {
          context.outputs[index].setInteger(input.dimensions[axis], at: axis, type)
        }
      }
    } check: { sizes in
      for size in sizes.inputs.flatMap(\.dimensions) { try type.expectHolding(size) }
    }
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    node.inputs.map { _ in nil }
  }

  public static var samples: [OperationSample] {
    [
      OperationSample(ShapeN(), [.random([2, 3]), .random([4])], differentiable: []) { _ in
        [Tensor([2, 3] as [Int32]), Tensor([4] as [Int32])]
      },
      OperationSample(ShapeN(outputType: .int64), [.random([])], differentiable: []) { _ in
        [Tensor([] as [Int64])]
      },
    ]
  }
}
