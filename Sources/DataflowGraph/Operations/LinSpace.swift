import Tensors

/// Numbers at equal distances from the first input to the second. TensorFlow's `LinSpace` with their
/// number as an attribute.
public struct LinSpace: Operation {
  public static let name = "LinSpace"

  let count: Dimension

  /// - Parameter count: how many numbers, at least 1.
  public init(count: Dimension) { self.count = count }
  public init(attributes: Attributes) throws { count = try attributes.dimension("num") }

  public var attributes: Attributes { ["num": .shape([count])] }

  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(operands: [.init("num", at: 2, .size, type: "Tidx")])
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 2)
    try expectSameType(inputs, among: .floats)
    try expect(inputs[0], rank: 0, "the first number")
    try expect(inputs[1], rank: 0, "the last number")
    if let known = count.known, known < 1 {
      throw GraphError("attribute num = \(known); allowed: at least 1")
    }
    return [TensorSpec(inputs[0].elementType, [count])]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    func make<T: KernelFloat>(_: T.Type) -> any Kernel {
      FunctionKernel { context in
        let (first, last) = (
          context.inputs[0].elements(T.self)[0], context.inputs[1].elements(T.self)[0]
        )
        let (output, count) = (context.outputs[0].elements(T.self), context.outputs[0].count)
        let step = count > 1 ? (last - first) / T(count - 1) : 0
        for index in 0..<count { output[index] = first + step * T(index) }
        if count > 1 { output[count - 1] = last }
      }
    }
    return make(try inputs[0].elementType.kernelFloat)
  }

  public func gradients(of node: Node, outputGradients: [Value?]) throws -> [Value?] {
    let g = outputGradients[0]!
    let (zero, one) = (node.graph.constant(0, g.elementType), node.graph.constant(1, g.elementType))
    let weights = try node.graph.add(self, [zero, one]).output
    return [sum(g * (1 - weights)), sum(g * weights)]
  }

  public static var samples: [OperationSample] {
    [1, 2, 7].map { count in
      OperationSample(LinSpace(count: Dimension(count)), [Tensor(-1.0), Tensor(2.0)]) { inputs in
        let (first, last) = (inputs[0].doubles[0], inputs[1].doubles[0])
        return [
          Tensor(
            (0..<count).map {
              count == 1 ? first : first + (last - first) * Double($0) / Double(count - 1)
            })
        ]
      }
    }
  }
}

/// `count` numbers at equal distances from `first` to `last`.
public func linSpace(
  _ first: Value, _ last: Value, count: Dimension, name: String? = nil
) -> Value {
  first.graph.apply(LinSpace(count: count), first, last, name: name)
}
