import Tensors

/// An operation on corresponding elements of inputs that broadcast to one shape.
///
/// One scalar expression gives its kernels; a conforming type adds the gradient and samples.
public protocol ElementwiseOperation: Operation {
  static var inputCount: Int { get }
  static var expression: ScalarExpression { get }
  init()
}

extension ElementwiseOperation {
  public init(attributes: Attributes) { self.init() }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: Self.inputCount)
    try expectSameType(inputs, among: .floats)
    return [TensorSpec(inputs[0].elementType, try broadcast(inputs))]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    try makeElementwiseKernel(
      Self.expression, computing: inputs.last!.elementType, inputs: inputs, output: outputs[0])
  }

  public var overwritableInputs: [Int] { Array(0..<Self.inputCount) }

  func broadcast(_ inputs: [TensorSpec]) throws -> SymbolicShape {
    var shape = inputs[0].shape
    for input in inputs.dropFirst() { shape = try shape.broadcast(with: input.shape) }
    return shape
  }
}

/// A comparison of two inputs: the result is `bool`, no gradient flows.
public protocol ComparisonOperation: ElementwiseOperation {}

extension ComparisonOperation {
  public static var inputCount: Int { 2 }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 2)
    try expectSameType(inputs, among: .floats)
    return [TensorSpec(.bool, try broadcast(inputs))]
  }

  // One byte an element does not fit the buffer of four or eight.
  public var overwritableInputs: [Int] { [] }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] { [nil, nil] }
}

/// The kernel of an expression for the floating-point type it is computed in.
func makeElementwiseKernel(
  _ expression: ScalarExpression, computing type: ElementType, inputs: [TensorSpec],
  output: TensorSpec
) throws -> any Kernel {
  let types = inputs.map(\.elementType)
  return try makeFloatKernel(type) {
    ElementwiseKernel<Float>(expression, inputTypes: types, outputType: output.elementType)
  } _: {
    ElementwiseKernel<Double>(expression, inputTypes: types, outputType: output.elementType)
  }
}
