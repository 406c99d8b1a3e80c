/// Does nothing once all is over that it waits for, also where that stands on branches that were not taken: with a
/// `NoOp` it would be left out as well. TensorFlow's `ControlTrigger`.
public struct ControlTrigger: Operation {
  public static let name = "ControlTrigger"
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
