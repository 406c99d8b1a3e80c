import Tensors

/// One step of Adam in TensorFlow's form. TensorFlow's `ApplyAdam`.
///
/// Inputs: variable, m, v, beta1 to the power of the step, beta2 likewise, learning rate, beta1,
/// beta2, epsilon, gradient. With `a = lr · √(1 − beta2ᵗ) / (1 − beta1ᵗ)`:
/// `m += (g − m)(1 − beta1)`, `v += (g² − v)(1 − beta2)`, `variable −= a · m / (√v + epsilon)`
/// (equations 7, 8 and 12, the latter with the square root it lacks in print).
public struct ApplyAdam: Operation {
  public static let name = "ApplyAdam"
  public static var samples: [OperationSample] { [] }

  public init() {}
  public init(attributes: Attributes) {}

  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(allowed: ["use_nesterov": [.bool(false)]])
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 10)
    try expectSameType(inputs, among: .floats)
    for index in [1, 2, 9] where !inputs[index].shape.couldEqual(inputs[0].shape) {
      throw GraphError(
        "input \(index) has shape \(inputs[index].shape), the variable \(inputs[0].shape)")
    }
    for index in 3...8 where inputs[index].shape.rank != 0 {
      throw GraphError("input \(index) has shape \(inputs[index].shape), expected a scalar")
    }
    return [inputs[0]]
  }

  public var mutatedInputs: [Int] { [0, 1, 2] }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    try makeFloatKernel(inputs[0].elementType) {
      kernel(Float.self)
    } _: {
      kernel(Double.self)
    }
  }

  public func deviceProgram(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> DeviceProgram? {
    .update(
      inputs[0].elementType,
      ["w", "m", "v", "power1", "power2", "lr", "beta1", "beta2", "epsilon", "g"],
      tensors: ["w", "m", "v", "g"],
      before: "const real rate = lr * sqrt(1 - power2) / (1 - power1);",
      """
      m[i] += (g[i] - m[i]) * (1 - beta1);
      v[i] += (g[i] * g[i] - v[i]) * (1 - beta2);
      w[i] -= rate * m[i] / (sqrt(v[i]) + epsilon);
      """)
  }

  private func kernel<T: KernelFloat>(_: T.Type) -> any Kernel {
    FunctionKernel { context in
      let inputs = context.inputs
      func scalar(_ index: Int) -> T { inputs[index].elements(T.self)[0] }
      let (beta1, beta2, epsilon) = (scalar(6), scalar(7), scalar(8))
      let rate = scalar(5) * (1 - scalar(4)).squareRoot() / (1 - scalar(3))
      let (w, m, v) = (
        inputs[0].elements(T.self), inputs[1].elements(T.self), inputs[2].elements(T.self)
      )
      let g = UnsafePointer(inputs[9].elements(T.self))
      context.forEachShard(Sharding(count: inputs[0].count, nanoseconds: 1.5)) { _, range in
        for i in range {
          m[i] += (g[i] - m[i]) * (1 - beta1)
          v[i] += (g[i] * g[i] - v[i]) * (1 - beta2)
          w[i] -= rate * m[i] / (v[i].squareRoot() + epsilon)
        }
      }
    } check: { sizes in
      try sizes.checkShapes(of: [1, 2, 9])
    }
  }
}
