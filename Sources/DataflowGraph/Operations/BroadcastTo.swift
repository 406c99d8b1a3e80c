import Tensors

/// The input repeated to a shape it broadcasts to. TensorFlow's `BroadcastTo` with the shape as an
/// attribute.
public struct BroadcastTo: Operation {
  public static let name = "BroadcastTo"

  let shape: SymbolicShape

  public init(shape: SymbolicShape) { self.shape = shape }
  public init(attributes: Attributes) throws { shape = try attributes.shape("shape") }

  public var attributes: Attributes { ["shape": .shape(shape)] }

  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(operands: [.init("shape", at: 1, .sizes, type: "Tidx")])
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    try expectSameType(inputs, among: .all)
    guard try inputs[0].shape.broadcast(with: shape).couldEqual(shape) else {
      throw GraphError("\(inputs[0].shape) does not broadcast to \(shape)")
    }
    return [TensorSpec(inputs[0].elementType, shape)]
  }

  public func scalarExpression(inputs: [TensorSpec]) -> ScalarExpression? { .input(0) }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    try makeElementwiseKernel(
      .input(0), computing: inputs[0].elementType, inputs: inputs, output: outputs[0])
  }

  /// The walker that undoes broadcasting sums over the repeated dimensions.
  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] { outputGradients }

  public static var samples: [OperationSample] {
    OperationSample.broadcastCases.map { from, _, to in
      OperationSample(BroadcastTo(shape: SymbolicShape(to)), [.random(from)]) { inputs in
        [OperationSample.repeated(inputs[0], to: to)]
      }
    } + [
      OperationSample(BroadcastTo(shape: [2, 2]), [Tensor([true, false])]) { _ in
        [Tensor(shape: [2, 2], scalars: [true, false, true, false])]
      }
    ]
  }
}

/// `x` repeated to a shape it broadcasts to.
public func broadcast(_ x: Value, to shape: SymbolicShape) -> Value {
  x.graph.apply(BroadcastTo(shape: shape), x)
}

extension Graph {
  /// Zeros of another value's type and shape.
  public func zeros(like value: Value) -> Value {
    broadcast(constant(0, value.elementType), to: value.shape)
  }

  /// Ones of another value's type and shape.
  public func ones(like value: Value) -> Value {
    broadcast(constant(1, value.elementType), to: value.shape)
  }
}
