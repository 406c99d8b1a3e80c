import Tensors

/// The input, and an error where an element is infinite or NaN. TensorFlow's `CheckNumerics`.
public struct CheckNumerics: Operation {
  public static let name = "CheckNumerics"

  let message: String

  /// - Parameter message: what the error begins with.
  public init(message: String) { self.message = message }
  public init(attributes: Attributes) throws { message = try attributes.string("message") }

  public var attributes: Attributes { ["message": .string(message)] }
  public var overwritableInputs: [Int] { [0] }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    try expectSameType(inputs, among: .floats)
    return [TensorSpec(inputs[0].elementType, inputs[0].shape)]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    let message = message
    func make<T: KernelFloat>(_: T.Type) -> any Kernel {
      FunctionKernel { context in
        let (x, y) = (context.inputs[0].elements(T.self), context.outputs[0].elements(T.self))
        for index in 0..<context.inputs[0].count {
          guard x[index].isFinite else {
            throw GraphError("\(message): element \(index) is \(x[index])")
          }
          y[index] = x[index]
        }
      }
    }
    return make(try inputs[0].elementType.kernelFloat)
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] { outputGradients }

  public static var samples: [OperationSample] {
    [OperationSample(CheckNumerics(message: "x"), [.random([3, 4])]) { $0 }]
  }
}

/// `x`, and an error that begins with `message` where an element is infinite or NaN.
public func checkNumerics(_ x: Value, message: String, name: String? = nil) -> Value {
  x.graph.apply(CheckNumerics(message: message), x, name: name)
}
