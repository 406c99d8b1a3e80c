import Tensors

/// One step of gradient descent: `variable −= rate · g`. Inputs: variable, rate, gradient. TensorFlow's `ApplyGradientDescent`.
public struct ApplyGradientDescent: UpdateOperation {
  public static let name = "ApplyGradientDescent"
  public static let inputCount = 3
  public static let variableCount = 1
  public static let gradientIndex = 2

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
      inputs[0].elementType, ["w", "rate", "g"], tensors: ["w", "g"], "w[i] -= rate * g[i];")
  }

  private func kernel<T: KernelFloat>(_: T.Type) -> any Kernel {
    makeUpdateKernel(T.self) { range, inputs in
      func scalar(_ index: Int) -> T { inputs[index].elements(T.self)[0] }
      let (w, g) = (inputs[0].elements(T.self), inputs[2].elements(T.self))
      let rate = scalar(1)
      for i in range {
        w[i] -= rate * g[i]
      }
    }
  }
}
