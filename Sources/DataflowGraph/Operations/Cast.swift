import Tensors

/// The elements as another floating-point type. TensorFlow's `Cast`.
public struct Cast: Operation {
  public static let name = "Cast"

  let target: ElementType

  public init(to target: ElementType) { self.target = target }
  public init(attributes: Attributes) throws { target = try attributes.type("DstT") }

  public var attributes: Attributes { ["DstT": .type(target)] }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    guard target.isFloatingPoint else {
      throw GraphError("attribute DstT = \(target); allowed: float, double")
    }
    return [TensorSpec(target, inputs[0].shape)]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    // Computed in Double where either side is wider than Float, so that nothing is rounded twice.
    let isNarrow = [.float32, .bool, .uint8].contains(inputs[0].elementType) && target == .float32
    return try makeElementwiseKernel(
      .input(0), computing: isNarrow ? .float32 : .float64, inputs: inputs, output: outputs[0])
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    [cast(outputGradients[0]!, to: node.inputs[0].elementType)]
  }

  public static var samples: [OperationSample] {
    [
      OperationSample(Cast(to: .float64), [.random([3, 400])]) { $0 },
      OperationSample(Cast(to: .float64), [Tensor([true, false, true])]) { _ in
        [Tensor([1.0, 0, 1])]
      },
      OperationSample(Cast(to: .float64), [Tensor([-7, 1 << 40] as [Int64])]) { _ in
        [Tensor([-7.0, 0x1p40])]
      },
    ]
  }
}

/// The elements of `x` as `type`; `x` itself where it is of that type.
public func cast(_ x: Value, to type: ElementType) -> Value {
  x.elementType == type ? x : x.graph.apply(Cast(to: type), x)
}
