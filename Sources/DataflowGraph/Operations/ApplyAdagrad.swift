import Tensors

/// One step of Adagrad: `a += g²`, `variable −= rate · g / √a`. Inputs: variable, a, rate, gradient. TensorFlow's `ApplyAdagrad`.
public struct ApplyAdagrad: UpdateOperation {
  public static let name = "ApplyAdagrad"
  public static let inputCount = 4
  public static let variableCount = 2
  public static let gradientIndex = 3

  public init() {}

  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(allowed: ["update_slots": [.bool(true)]])
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    try makeFloatKernel(inputs[0].elementType) {
      kernel(Float.self)
    } _: {
      kernel(Double.self)
    }
  }

  public func deviceProgram(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> DeviceProgram? {
    .update(
      inputs[0].elementType, ["w", "a", "rate", "g"], tensors: ["w", "a", "g"],
      """
      a[i] += g[i] * g[i];
      w[i] -= rate * g[i] / sqrt(a[i]);
      """)
  }

  private func kernel<T: KernelFloat>(_: T.Type) -> any Kernel {
    makeUpdateKernel(T.self) { range, inputs in
      func scalar(_ index: Int) -> T { inputs[index].elements(T.self)[0] }
      let (w, g) = (inputs[0].elements(T.self), inputs[3].elements(T.self))
      let a = inputs[1].elements(T.self)
      let rate = scalar(2)
      for i in range {
        a[i] += g[i] * g[i]
        w[i] -= rate * g[i] / a[i].squareRoot()
      }
    }
  }
}
