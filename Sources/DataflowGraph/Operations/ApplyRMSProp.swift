import Tensors

/// One step of RMSProp: `s += (g² − s)(1 − rho)`, `m = m · momentum + rate · g / √(s + epsilon)`,
/// `variable −= m`. Inputs: variable, s, m, rate, rho, momentum, epsilon, gradient. TensorFlow's `ApplyRMSProp`.
public struct ApplyRMSProp: UpdateOperation {
  public static let name = "ApplyRMSProp"
  public static let inputCount = 8
  public static let variableCount = 3
  public static let gradientIndex = 7

  public init() {}

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    try makeFloatKernel(inputs[0].elementType) {
      kernel(Float.self)
    } _: {
      kernel(Double.self)
    }
  }

  public func deviceProgram(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> DeviceProgram? {
    .update(
      inputs[0].elementType, ["w", "s", "m", "rate", "rho", "momentum", "epsilon", "g"],
      tensors: ["w", "s", "m", "g"],
      """
      s[i] += (g[i] * g[i] - s[i]) * (1 - rho);
      m[i] = m[i] * momentum + rate * g[i] / sqrt(s[i] + epsilon);
      w[i] -= m[i];
      """)
  }

  private func kernel<T: KernelFloat>(_: T.Type) -> any Kernel {
    makeUpdateKernel(T.self) { range, inputs in
      func scalar(_ index: Int) -> T { inputs[index].elements(T.self)[0] }
      let (w, g) = (inputs[0].elements(T.self), inputs[7].elements(T.self))
      let (s, m) = (inputs[1].elements(T.self), inputs[2].elements(T.self))
      let (rate, rho, momentum, epsilon) = (scalar(3), scalar(4), scalar(5), scalar(6))
      for i in range {
        s[i] += (g[i] * g[i] - s[i]) * (1 - rho)
        m[i] = m[i] * momentum + rate * g[i] / (s[i] + epsilon).squareRoot()
        w[i] -= m[i]
      }
    }
  }
}
