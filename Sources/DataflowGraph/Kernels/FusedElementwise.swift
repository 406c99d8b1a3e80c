import Tensors

/// Several elementwise operations as one. Only plans make it.
package struct FusedElementwise: Operation {
  package static let name = "FusedElementwise"
  package static var samples: [OperationSample] { [] }

  let expression: ScalarExpression
  let output: TensorSpec
  let names: [String]

  /// - Parameter names: the fused operations', for messages.
  package init(_ expression: ScalarExpression, output: TensorSpec, names: [String]) {
    self.expression = expression
    self.output = output
    self.names = names
  }

  package init(attributes: Attributes) throws {
    throw GraphError("is made by plans only")
  }

  package var attributes: Attributes { ["operations": .strings(names)] }
  package var overwritableInputs: [Int] { Array(0..<expression.inputCount) }

  package func outputs(for inputs: [TensorSpec]) -> [TensorSpec] { [output] }

  package func scalarExpression(inputs: [TensorSpec]) -> ScalarExpression? { expression }

  package func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    let type = inputs.first { $0.elementType != .bool }?.elementType ?? output.elementType
    return try makeElementwiseKernel(expression, computing: type, inputs: inputs, output: output)
  }
}

extension ScalarExpression {
  /// One more than the highest number of an input.
  package var inputCount: Int {
    switch self {
    case .input(let index): index + 1
    case .constant: 0
    case .unary(_, let operand): operand.inputCount
    case .binary(_, let left, let right): max(left.inputCount, right.inputCount)
    case .select(let condition, let first, let second):
      max(condition.inputCount, first.inputCount, second.inputCount)
    }
  }

  /// How many functions are computed.
  package var functionCount: Int {
    switch self {
    case .input, .constant: 0
    case .unary(_, let operand): 1 + operand.functionCount
    case .binary(_, let left, let right): 1 + left.functionCount + right.functionCount
    case .select(let condition, let first, let second):
      1 + condition.functionCount + first.functionCount + second.functionCount
    }
  }

  /// The expression with its inputs replaced.
  package func substituting(_ inputs: [ScalarExpression]) -> ScalarExpression {
    switch self {
    case .input(let index): inputs[index]
    case .constant: self
    case .unary(let function, let operand): .unary(function, operand.substituting(inputs))
    case .binary(let function, let left, let right):
      .binary(function, left.substituting(inputs), right.substituting(inputs))
    case .select(let condition, let first, let second):
      .select(
        condition.substituting(inputs), first.substituting(inputs), second.substituting(inputs))
    }
  }
}
