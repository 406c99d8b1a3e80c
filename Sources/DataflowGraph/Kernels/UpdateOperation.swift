import Tensors

/// An operation that changes a variable in place: inputs are the variable, the optimizer's own variables
/// (slots), scalars, and a gradient. Outputs the variable.
public protocol UpdateOperation: PlainOperation {
  static var inputCount: Int { get }
  /// How many of the first inputs are variables.
  static var variableCount: Int { get }
  /// Which input is the gradient; the others behind the variables are scalars.
  static var gradientIndex: Int { get }
}

extension UpdateOperation {
  public static var samples: [OperationSample] { [] }

  public var mutatedInputs: [Int] { Array(0..<Self.variableCount) }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: Self.inputCount)
    try expectSameType(inputs, among: .floats)
    for index in inputs.indices {
      let isTensor = index < Self.variableCount || index == Self.gradientIndex
      let expected = isTensor ? inputs[0].shape : .scalar
      guard inputs[index].shape.couldEqual(expected) else {
        throw GraphError("input \(index) has shape \(inputs[index].shape), expected \(expected)")
      }
    }
    return [inputs[0]]
  }
}

extension UpdateOperation {
  /// A kernel that changes ranges of a variable's elements one by one.
  func makeUpdateKernel<T: KernelFloat>(
    _: T.Type, _ body: @escaping (Range<Int>, UnsafePointer<TensorView>) -> Void
  ) -> any Kernel {
    FunctionKernel { context in
      let inputs = context.inputs
      let sharding = Sharding(count: inputs[0].count, nanoseconds: 1.5)
      context.forEachShard(sharding) { _, range in body(range, inputs) }
    } check: { sizes in
      try sizes.checkShapes(of: Array(1..<Self.variableCount) + [Self.gradientIndex])
    }
  }
}

extension KernelSizes {
  /// - Throws: `GraphError` where the output has not as many elements as one of the inputs.
  func checkCount(of input: Int) throws {
    let count = inputs[input].elementCount
    guard outputs[0].elementCount == count else {
      throw GraphError("\(count) elements cannot have the shape \(outputs[0])")
    }
  }

  /// - Throws: `GraphError` where one of these inputs has not the shape of the variable, the first one. It may
  ///   be known only when an operation runs.
  func checkShapes(of inputs: [Int]) throws {
    for index in inputs where self.inputs[index] != self.inputs[0] {
      throw GraphError(
        "input \(index) has shape \(self.inputs[index]), the variable \(self.inputs[0])")
    }
  }
}
