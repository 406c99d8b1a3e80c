import Tensors

/// For each index a vector that is `on`, the second input, at its place and `off`, the third, elsewhere.
/// TensorFlow's `OneHot` with the depth as an attribute.
public struct OneHot: Operation {
  public static let name = "OneHot"

  let depth: Dimension
  let axis: Int

  /// - Parameters:
  ///   - depth: the vectors' length; indices outside of it give vectors of `off`.
  ///   - axis: the new dimension, of the result, counted from its back where negative.
  public init(depth: Dimension, axis: Int = -1) {
    self.depth = depth
    self.axis = axis
  }

  public init(attributes: Attributes) throws {
    self.init(
      depth: try attributes.dimension("depth"), axis: try attributes.int("axis", default: -1))
  }

  public var attributes: Attributes { ["depth": .shape([depth]), "axis": .int(axis)] }

  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(
      operands: [.init("depth", at: 1, .size)], types: ["TI": .input(0), "T": .input(1)])
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 3)
    try expectSameType([inputs[0]], among: .indices)
    try expectSameType(Array(inputs[1...]))
    try expect(inputs[1], rank: 0, "the value at an index")
    try expect(inputs[2], rank: 0, "the value elsewhere")
    var shape = inputs[0].shape
    shape.dimensions.insert(depth, at: try newAxis(axis, inRank: shape.rank))
    return [TensorSpec(inputs[1].elementType, shape)]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    let axis = try outputs[0].shape.axis(axis)
    let type = inputs[0].elementType
    func make<T: KernelNumber>(_: T.Type) -> any Kernel {
      FunctionKernel { context in
        let (indices, output) = (context.inputs[0], context.outputs[0])
        let (on, off) = (
          context.inputs[1].elements(T.self)[0], context.inputs[2].elements(T.self)[0]
        )
        let (depth, inner) = (output.dimensions[axis], output.count(from: axis + 1))
        let elements = output.elements(T.self)
        elements.update(repeating: off, count: output.count)
        for index in 0..<indices.count {
          let place = indices.integer(at: index, type)
          guard (0..<depth).contains(place) else { continue }
          let (row, column) = index.quotientAndRemainder(dividingBy: inner)
          elements[(row * depth + place) * inner + column] = on
        }
      }
    }
    return make(try inputs[1].elementType.kernelNumber)
  }

  public func deviceProgram(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> DeviceProgram? {
    .oneHot(
      inputs[1].elementType, indices: inputs[0].elementType, axis: try outputs[0].shape.axis(axis))
  }

  public func gradients(of node: Node, outputGradients: [Value?]) throws -> [Value?] {
    let g = outputGradients[0]!
    let (zero, one) = (node.graph.constant(0, g.elementType), node.graph.constant(1, g.elementType))
    let places = try node.graph.add(self, [node.inputs[0], one, zero]).output
    return [nil, sum(g * places), sum(g * (1 - places))]
  }

  public static var samples: [OperationSample] {
    let indices: [Int64] = [1, 0, -1, 3, 2, 1]
    func sample(_ input: Tensor, _ axis: Int, _ shape: Shape) -> OperationSample {
      let resolved = axis < 0 ? axis + shape.rank : axis
      return OperationSample(
        OneHot(depth: 4, axis: axis), [input, Tensor(1.5), Tensor(-0.5)]
      ) { _ in
        let elements = shape.positions.map { position in
          var inner = position
          let place = inner.remove(at: resolved)
          let index = zip(inner, input.shape.strides).reduce(0) { $0 + $1.0 * $1.1 }
          return indices[index] == place ? 1.5 : -0.5
        }
        return [Tensor(shape: shape, scalars: elements)]
      }
    }
    return [
      sample(Tensor(indices), -1, [6, 4]), sample(Tensor(indices.map { Int32($0) }), 0, [4, 6]),
      sample(Tensor(shape: [2, 3], scalars: indices), 1, [2, 4, 3]),
    ]
  }
}

/// For each of `indices` a vector of length `depth` that is `on` at its place and `off` elsewhere.
public func oneHot(
  _ indices: Value, depth: Dimension, on: Value, off: Value, axis: Int = -1, name: String? = nil
) -> Value {
  indices.graph.apply(OneHot(depth: depth, axis: axis), indices, on, off, name: name)
}
