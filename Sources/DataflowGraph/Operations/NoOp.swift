/// Does nothing; control dependencies give it a meaning. TensorFlow's `NoOp`.
public struct NoOp: Operation {
  public static let name = "NoOp"
  public static var samples: [OperationSample] { [] }

  public init() {}
  public init(attributes: Attributes) {}

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 0)
    return []
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) -> any Kernel {
    FunctionKernel { _ in }
  }
}
