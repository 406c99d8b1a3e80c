import Tensors

/// One kind of node: all that is to be known of it is in the file that declares it.
///
/// A type for each operation, a value of it for each node: attributes are stored properties. To add
/// one, write its file and name it in `OperationRegistry`.
public protocol Operation: Sendable {
  /// TensorFlow's name where TensorFlow has the operation.
  static var name: String { get }

  /// The attributes by TensorFlow's names.
  var attributes: Attributes { get }

  /// The operation with the given attributes.
  init(attributes: Attributes) throws

  /// The types and shapes of the outputs.
  ///
  /// - Throws: `GraphError` where the inputs' number, types or shapes do not fit.
  func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec]

  /// What computes the outputs on a CPU.
  func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel

  /// What computes the outputs at one place in a session: for operations that use the session's
  /// resources or run functions. The others give `makeKernel(inputs:outputs:)`.
  func makeKernel(at site: KernelSite) throws -> any Kernel

  /// How devices that compile kernels themselves compute the outputs; nil where only a CPU does.
  ///
  /// What operations give that do not say otherwise follows from the CPU's kernel: one that is made of a
  /// scalar expression, of copies or of sums is so on all devices.
  func deviceProgram(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> DeviceProgram?

  /// What one element of the output is, for operations on corresponding elements of inputs that
  /// broadcast: plans fuse them.
  func scalarExpression(inputs: [TensorSpec]) -> ScalarExpression?

  /// How many floating-point operations computing the outputs takes; moving elements takes none.
  func flops(inputs: [TensorSpec], outputs: [TensorSpec]) -> Dimension

  /// The gradient with respect to each input, nil where none flows, written in graph operations.
  ///
  /// - Parameter outputGradients: the gradient with respect to each output, nil for those that
  ///   nothing depends on. A result may have the shape before broadcasting was undone.
  func gradients(of node: Node, outputGradients: [Value?]) throws -> [Value?]

  /// Inputs whose buffer the first output may take over if nothing reads it afterwards.
  var overwritableInputs: [Int] { get }

  /// The functions that the operation runs, in the order in which their captured values are inputs.
  var functions: [GraphFunction] { get }

  /// Whether every output is the first input's buffer under another shape, so that nothing runs.
  var isAlias: Bool { get }

  /// Inputs that are variables which the operation writes; the graph takes nothing else for them.
  var mutatedInputs: [Int] { get }

  /// Whether the operation does more than compute its outputs from its inputs, or not always the same:
  /// it is never folded, merged with its like or left out of a run that asked for it.
  var isStateful: Bool { get }

  /// Whether the operation may wait for something another run does, such as a queue's next element.
  var mayBlock: Bool { get }

  /// How TensorFlow writes the operation, as far as that differs.
  static var tensorFlowForm: TensorFlowForm { get }

  /// Cases that the tests compare with a naive reference, differentiate and run on every device.
  static var samples: [OperationSample] { get }
}

extension Operation {
  public var attributes: Attributes { [:] }
  public var overwritableInputs: [Int] { [] }
  public var isAlias: Bool { false }

  /// Those among the attributes, by the attributes' names.
  public var functions: [GraphFunction] {
    attributes.values.sorted { $0.key < $1.key }.compactMap { _, value in
      if case .function(let function) = value { function } else { nil }
    }
  }

  public var mutatedInputs: [Int] { [] }

  /// One for each function of each element of an elementwise operation; none for others.
  public func flops(inputs: [TensorSpec], outputs: [TensorSpec]) -> Dimension {
    guard let expression = scalarExpression(inputs: inputs) else { return 0 }
    return outputs[0].shape.elementCount * Dimension(expression.functionCount)
  }

  public func scalarExpression(inputs: [TensorSpec]) -> ScalarExpression? { nil }

  public func deviceProgram(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> DeviceProgram? {
    if isAlias { return .copy(inputs[0].elementType, input: 0) }
    let kernel = try? makeKernel(inputs: inputs, outputs: outputs)
    return (kernel as? any DeviceComputable)?.deviceProgram(inputs, outputs)
  }

  public var isStateful: Bool { !mutatedInputs.isEmpty }
  public var mayBlock: Bool { false }
  public static var tensorFlowForm: TensorFlowForm { TensorFlowForm() }

  public func makeKernel(at site: KernelSite) throws -> any Kernel {
    try makeKernel(inputs: site.inputs, outputs: site.outputs)
  }

  /// For operations that give `makeKernel(at:)` instead, and for aliases, which are steps only where
  /// they may not run.
  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    guard isAlias else { throw GraphError("runs only in a session") }
    return copyKernel(of: inputs[0].elementType)
  }

  /// Copies the first input, whatever its shape, to the first output.
  func copyKernel(of type: ElementType) -> any Kernel {
    let size = type.size
    return FunctionKernel { context in
      let input = context.inputs[0]
      context.outputs[0].fill(
        from: UnsafeRawBufferPointer(start: input.base, count: input.count * size))
    } check: { sizes in
      try sizes.checkCount(of: 0)
    }
  }

  /// The error of an operation without a rule.
  public func gradients(of node: Node, outputGradients: [Value?]) throws -> [Value?] {
    throw node.error("has no gradient")
  }

  /// Checks the number of inputs.
  public func expect(_ inputs: [TensorSpec], count: Int) throws {
    guard inputs.count == count else {
      throw GraphError("takes \(count) inputs, got \(inputs.count)")
    }
  }

  /// Checks an attribute that says how many outputs there are.
  func expect(outputs count: Int, from least: Int, _ attribute: String) throws {
    let most = 65_536
    guard (least...most).contains(count) else {
      throw GraphError("attribute \(attribute) = \(count); allowed: \(least) to \(most)")
    }
  }

  /// Checks that all inputs are of the first one's type, and that it is among `allowed`.
  public func expectSameType(_ inputs: [TensorSpec], among allowed: [ElementType]? = nil) throws {
    guard let first = inputs.first else { return }
    for (index, input) in inputs.enumerated() where input.elementType != first.elementType {
      throw GraphError(
        "input \(index) is \(input.elementType), input 0 is \(first.elementType): types must match")
    }
    if let allowed, !allowed.contains(first.elementType) {
      throw GraphError("the inputs are \(first.elementType); allowed: \(ElementType.list(allowed))")
    }
  }

  /// Checks an input's rank.
  public func expect(_ input: TensorSpec, rank: Int, _ what: String) throws {
    guard input.shape.rank == rank else {
      throw GraphError("\(what) has shape \(input.shape), expected rank \(rank)")
    }
  }

  /// Checks an input's type.
  public func expect(_ input: TensorSpec, type: ElementType, _ what: String) throws {
    guard input.elementType == type else {
      throw GraphError("\(what) is \(input.elementType), expected \(type)")
    }
  }
}

extension [ElementType] {
  /// Types of numbers with a fraction.
  public static let floats: [ElementType] = [.float32, .float64]
  /// Types of places in other tensors.
  public static let indices: [ElementType] = [.int32, .int64]
  /// Types of numbers.
  public static let numbers: [ElementType] = [.float32, .float64, .int32, .int64, .uint8]
  /// Types of elements.
  public static let all: [ElementType] = numbers + [.bool]
}
