import Tensors

/// Numbers of the normal distribution with mean 0 and variance 1, which depend on the seed, two whole numbers, alone.
/// TensorFlow's `StatelessRandomNormal` with the shape as an attribute: the distribution is the same, the numbers of a seed are
/// others.
public struct StatelessRandomNormal: Operation {
  public static let name = "StatelessRandomNormal"
  public static var samples: [OperationSample] { [] }

  private let random: RandomAttributes

  /// - Parameter elementType: `float32` or `float64`.
  public init(shape: SymbolicShape, elementType: ElementType = .float32) {
    random = RandomAttributes(shape: shape, elementType: elementType)
  }

  public init(attributes: Attributes) throws { random = try RandomAttributes(attributes) }

  public var attributes: Attributes {
    ["shape": .shape(random.shape), "dtype": .type(random.elementType)]
  }

  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(
      operands: [.init("shape", at: 0, .sizes, type: "T")], types: ["Tseed": .input(0)])
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    try expectSameType(inputs, among: .indices)
    guard inputs[0].shape.couldEqual([2]) else {
      throw GraphError("the seed has shape \(inputs[0].shape), expected [2]")
    }
    return try random.output()
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    let type = inputs[0].elementType
    func make<T: KernelFloat>(_: T.Type) -> any Kernel {
      RandomKernel<T>(
        start: { context, _ in
          let seed = context.inputs[0]
          return (RandomStream.key(seed.integer(at: 0, type), seed.integer(at: 1, type)), 0)
        }, value: { place, _ in T(place.normal()) })
    }
    return make(try random.elementType.kernelFloat)
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] { [nil] }
}
