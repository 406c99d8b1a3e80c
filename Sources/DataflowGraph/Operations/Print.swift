import Tensors

/// The first input, while the others' elements are printed to the standard error. TensorFlow's `Print`.
public struct Print: Operation {
  public static let name = "Print"
  public static var samples: [OperationSample] { [] }

  let message: String
  let firstN: Int
  let summarize: Int

  /// - Parameters:
  ///   - message: what each line begins with.
  ///   - firstN: in how many runs something is printed; -1 for all.
  ///   - summarize: how many elements of each tensor are shown; -1 for all.
  public init(message: String = "", firstN: Int = -1, summarize: Int = 3) {
    self.message = message
    self.firstN = firstN
    self.summarize = summarize
  }

  public init(attributes: Attributes) throws {
    self.init(
      message: try attributes.string("message", default: ""),
      firstN: try attributes.int("first_n", default: -1),
      summarize: try attributes.int("summarize", default: 3))
  }

  public var attributes: Attributes {
    ["message": .string(message), "first_n": .int(firstN), "summarize": .int(summarize)]
  }
  public var isStateful: Bool { true }

  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(types: ["T": .input(0), "U": .inputs(from: 1)])
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    guard let first = inputs.first else { throw GraphError("takes at least 1 input, got 0") }
    return [TensorSpec(first.elementType, first.shape)]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) -> any Kernel {
    PrintKernel(self, inputs.map(\.elementType))
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    [outputGradients[0]] + node.inputs.dropFirst().map { _ in nil }
  }
}

/// `x`, while the elements of `data` are printed to the standard error.
public func printing(
  _ x: Value, _ data: [Value], message: String = "", firstN: Int = -1, summarize: Int = 3,
  name: String? = nil
) throws -> Value {
  let operation = Print(message: message, firstN: firstN, summarize: summarize)
  return try x.graph.add(operation, [x] + data, name: name).output
}

private final class PrintKernel: Kernel {
  private let operation: Print
  private let types: [ElementType]
  private var left: Int

  init(_ operation: Print, _ types: [ElementType]) {
    self.operation = operation
    self.types = types
    left = operation.firstN < 0 ? .max : operation.firstN
  }

  func prepare(_ sizes: KernelSizes) -> Int { 0 }

  func run(_ context: borrowing KernelContext) {
    let input = context.inputs[0]
    context.outputs[0].fill(
      from: UnsafeRawBufferPointer(start: input.base, count: input.count * types[0].size))
    guard left > 0 else { return }
    left -= 1
    var line = operation.message
    for (number, type) in types.enumerated().dropFirst() {
      line += context.inputs[number].tensor(of: type).summary(of: operation.summarize)
    }
    Platform.writeError(line + "\n")
  }
}
