import Tensors

/// The sum of any number of values of one shape, in their order. TensorFlow's `AddN`.
public struct AddN: PlainOperation {
  public static let name = "AddN"

  public init() {}

  public static var tensorFlowForm: TensorFlowForm { TensorFlowForm(count: "N") }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    guard let first = inputs.first else { throw GraphError("takes at least 1 input, got 0") }
    try expectSameType(inputs, among: .numbers)
    for (index, input) in inputs.enumerated() where !input.shape.couldEqual(first.shape) {
      throw GraphError("input \(index) has shape \(input.shape), input 0 \(first.shape)")
    }
    return [TensorSpec(first.elementType, first.shape)]
  }

  public var overwritableInputs: [Int] { [0] }

  public func scalarExpression(inputs: [TensorSpec]) -> ScalarExpression? {
    inputs.indices.dropFirst().reduce(ScalarExpression.input(0)) { .binary(.add, $0, .input($1)) }
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    try makeElementwiseKernel(
      scalarExpression(inputs: inputs)!, computing: outputs[0].elementType, inputs: inputs,
      output: outputs[0])
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    node.inputs.map { _ in outputGradients[0] }
  }

  public static var samples: [OperationSample] {
    (1...3).map { count in
      let inputs = (0..<count).map { Tensor.random([2, 700], seed: UInt64($0)) }
      return OperationSample(AddN(), inputs) { inputs in
        let columns = inputs.map(\.doubles)
        return [
          Tensor(
            shape: [2, 700],
            scalars: columns[0].indices.map { index in
              columns.reduce(0) { $0 + $1[index] }
            })
        ]
      }
    }
  }
}
