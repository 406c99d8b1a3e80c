import Tensors

/// Numbers of the normal distribution with mean 0 and variance 1. TensorFlow's `RandomStandardNormal` with the shape as an
/// attribute; from run to run of a session the numbers go on.
public struct RandomStandardNormal: Operation {
  public static let name = "RandomStandardNormal"
  public static var samples: [OperationSample] { [] }

  private let random: RandomAttributes

  /// - Parameters:
  ///   - elementType: `float32` or `float64`.
  ///   - seeds: where both are 0, every session draws other numbers.
  public init(
    shape: SymbolicShape, elementType: ElementType = .float32, seeds: (Int, Int) = (0, 0)
  ) {
    random = RandomAttributes(shape: shape, elementType: elementType, seeds: seeds)
  }

  public init(attributes: Attributes) throws { random = try RandomAttributes(attributes) }

  public var attributes: Attributes { random.attributes }
  public var isStateful: Bool { true }
  public static var tensorFlowForm: TensorFlowForm { RandomAttributes.tensorFlowForm }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 0)
    return try random.output()
  }

  public func makeKernel(at site: KernelSite) throws -> any Kernel {
    let stream = try site.randomStream(random.seeds)
    func make<T: KernelFloat>(_: T.Type) -> any Kernel {
      RandomKernel<T>(stream) { place, _ in T(place.normal()) }
    }
    return make(try random.elementType.kernelFloat)
  }
}

extension Graph {
  /// Numbers of the normal distribution with mean 0 and variance 1.
  public func randomNormal(
    _ shape: SymbolicShape, _ elementType: ElementType = .float32, seeds: (Int, Int) = (0, 0),
    name: String? = nil
  ) -> Value {
    apply(RandomStandardNormal(shape: shape, elementType: elementType, seeds: seeds), name: name)
  }
}
