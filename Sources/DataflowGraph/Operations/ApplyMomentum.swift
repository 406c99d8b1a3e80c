import Tensors

/// One step with momentum: `a = a · momentum + g`, `variable −= rate · a`, with Nesterov's form
/// `variable −= rate · (g + momentum · a)`. Inputs: variable, a, rate, gradient, momentum. TensorFlow's `ApplyMomentum`.
public struct ApplyMomentum: UpdateOperation {
  public static let name = "ApplyMomentum"
  public static let inputCount = 5
  public static let variableCount = 2
  public static let gradientIndex = 3

  let usesNesterov: Bool

  public init() { self.init(usesNesterov: false) }
  public init(usesNesterov: Bool) { self.usesNesterov = usesNesterov }

  public init(attributes: Attributes) throws {
    self.init(usesNesterov: try attributes.bool("use_nesterov", default: false))
  }

  public var attributes: Attributes { ["use_nesterov": .bool(usesNesterov)] }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    try makeFloatKernel(inputs[0].elementType) {
      kernel(Float.self)
    } _: {
      kernel(Double.self)
    }
  }

  public func deviceProgram(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> DeviceProgram? {
    .update(
      inputs[0].elementType, ["w", "a", "rate", "g", "momentum"], tensors: ["w", "a", "g"],
      """
      a[i] = a[i] * momentum + g[i];
      w[i] -= rate * (\(usesNesterov ? "g[i] + momentum * a[i]" : "a[i]"));
      """)
  }

  private func kernel<T: KernelFloat>(_: T.Type) -> any Kernel {
    makeUpdateKernel(T.self) { range, inputs in
      func scalar(_ index: Int) -> T { inputs[index].elements(T.self)[0] }
      let (w, g) = (inputs[0].elements(T.self), inputs[3].elements(T.self))
      let a = inputs[1].elements(T.self)
      let (rate, momentum) = (scalar(2), scalar(4))
      for i in range {
        a[i] = a[i] * momentum + g[i]
        w[i] -= rate * (usesNesterov ? g[i] + momentum * a[i] : a[i])
      }
    }
  }
}
