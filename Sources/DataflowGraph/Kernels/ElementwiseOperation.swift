import Tensors

/// An operation without attributes.
public protocol PlainOperation: Operation {
  init()
}

extension PlainOperation {
  public init(attributes: Attributes) { self.init() }
}

/// An operation on corresponding elements of inputs that broadcast to one shape.
///
/// One scalar expression gives its kernels; a conforming type adds the gradient and samples.
public protocol ElementwiseOperation: PlainOperation {
  static var inputCount: Int { get }
  /// The types that the inputs may have.
  static var types: [ElementType] { get }
  /// What one element of the output is.
  var expression: ScalarExpression { get }
}

extension ElementwiseOperation {
  public static var types: [ElementType] { .floats }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: Self.inputCount)
    try expectSameType(inputs, among: Self.types)
    return [TensorSpec(inputs[0].elementType, try broadcast(inputs))]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    try makeElementwiseKernel(
      expression, computing: inputs[0].elementType, inputs: inputs, output: outputs[0])
  }

  public func scalarExpression(inputs: [TensorSpec]) -> ScalarExpression? { expression }

  public var overwritableInputs: [Int] { Array(0..<Self.inputCount) }

  func broadcast(_ inputs: [TensorSpec]) throws -> SymbolicShape {
    var shape = inputs[0].shape
    for input in inputs.dropFirst() { shape = try shape.broadcast(with: input.shape) }
    return shape
  }
}

/// An elementwise operation with one input.
public protocol UnaryOperation: ElementwiseOperation {}

extension UnaryOperation {
  public static var inputCount: Int { 1 }
}

/// An elementwise operation with two inputs.
public protocol BinaryOperation: ElementwiseOperation {}

extension BinaryOperation {
  public static var inputCount: Int { 2 }
}

/// A question about elements: the result is `bool`, no gradient flows.
public protocol PredicateOperation: ElementwiseOperation {}

extension PredicateOperation {
  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: Self.inputCount)
    try expectSameType(inputs, among: Self.types)
    return [TensorSpec(.bool, try broadcast(inputs))]
  }

  // One byte an element does not fit the buffer of four or eight.
  public var overwritableInputs: [Int] { [] }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    node.inputs.map { _ in nil }
  }
}

/// A comparison of two inputs.
public protocol ComparisonOperation: PredicateOperation, BinaryOperation {}

extension ComparisonOperation {
  public static var types: [ElementType] { .numbers }
}

/// The kernel of an expression for the type it is computed in.
func makeElementwiseKernel(
  _ expression: ScalarExpression, computing type: ElementType, inputs: [TensorSpec],
  output: TensorSpec
) throws -> any Kernel {
  func make<T: KernelNumber>(_: T.Type) -> any Kernel {
    ElementwiseKernel<T>(
      expression, inputTypes: inputs.map(\.elementType), outputType: output.elementType)
  }
  return make(try type.kernelNumber)
}
