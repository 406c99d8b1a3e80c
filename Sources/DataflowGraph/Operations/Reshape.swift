import Tensors

/// The same elements under another shape. TensorFlow's `Reshape` with the shape as an attribute.
public struct Reshape: Operation {
  public static let name = "Reshape"

  let shape: SymbolicShape

  public init(shape: SymbolicShape) { self.shape = shape }
  public init(attributes: Attributes) throws { shape = try attributes.shape("shape") }

  public var attributes: Attributes { ["shape": .shape(shape)] }

  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(operands: [.init("shape", at: 1, .sizes, type: "Tshape")])
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    try shape.requirePossible()
    guard inputs[0].shape.elementCount.couldEqual(shape.elementCount) else {
      throw GraphError("\(inputs[0].shape) cannot become \(shape): the element counts differ")
    }
    return [TensorSpec(inputs[0].elementType, shape)]
  }

  public var isAlias: Bool { true }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    [reshape(outputGradients[0]!, node.inputs[0].shape)]
  }

  public static var samples: [OperationSample] {
    let cases: [(Shape, Shape)] = [([2, 6], [3, 4]), ([], [1, 1]), ([4], [4]), ([0, 3], [0])]
    return cases.map { from, to in
      OperationSample(Reshape(shape: SymbolicShape(to)), [.random(from)]) { inputs in
        [inputs[0].reshaped(to: to)]
      }
    }
  }
}

/// The elements of `x` under another shape.
public func reshape(_ x: Value, _ shape: SymbolicShape, name: String? = nil) -> Value {
  x.graph.apply(Reshape(shape: shape), x, name: name)
}
