import Tensors

/// Tensors put one after the other along one dimension. TensorFlow's `ConcatV2` with the axis as an
/// attribute.
public struct ConcatV2: Operation {
  public static let name = "ConcatV2"

  let axis: Int

  /// - Parameter axis: counted from the back where negative.
  public init(axis: Int) { self.axis = axis }
  public init(attributes: Attributes) throws { axis = try attributes.int("axis") }

  public var attributes: Attributes { ["axis": .int(axis)] }

  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(
      operands: [.init("axis", at: -1, .int, type: "Tidx")], types: ["T": .input(0)], count: "N")
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    guard let first = inputs.first else { throw GraphError("takes at least 1 input, got 0") }
    try expectSameType(inputs)
    let axis = try first.shape.axis(axis)
    var shape = first.shape
    for (index, input) in inputs.enumerated().dropFirst() {
      guard input.shape.rank == shape.rank,
        shape.dimensions.indices.allSatisfy({
          $0 == axis || input.shape[$0].couldEqual(shape[$0])
        })
      else {
        throw GraphError(
          "input \(index) has shape \(input.shape), which differs from \(first.shape) elsewhere"
            + " than along axis \(axis)")
      }
      shape.dimensions[axis] = shape[axis] + input.shape[axis]
    }
    return [TensorSpec(first.elementType, shape)]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    let axis = try inputs[0].shape.axis(axis)
    return StridedCopyKernel(inputs[0].elementType) { sizes in
      var begin = 0
      return sizes.inputs.enumerated().map { index, input in
        defer { begin += input[axis] }
        let copy = StridedCopy(
          sizes: input.dimensions, from: input.layout,
          to: sizes.outputs[0].layout(from: begin, along: axis))
        return .init(input: index, copy: copy)
      }
    }
  }

  public func gradients(of node: Node, outputGradients: [Value?]) throws -> [Value?] {
    let axis = try node.output.shape.axis(axis)
    var begin = Array(repeating: Dimension(0), count: node.output.shape.rank)
    return node.inputs.map { input in
      defer { begin[axis] = begin[axis] + input.shape[axis] }
      return slice(outputGradients[0]!, begin: begin, size: input.shape.dimensions)
    }
  }

  public static var samples: [OperationSample] {
    let cases: [([Shape], Int)] = [
      ([[2]], 0), ([[2], [3]], 0), ([[2, 3], [2, 1]], 1), ([[1, 2], [3, 2], [0, 2]], 0),
      ([[2, 1, 2], [2, 3, 2]], -2),
    ]
    return cases.map { shapes, axis in
      let inputs = shapes.enumerated().map { Tensor.random($1, seed: UInt64($0)) }
      return OperationSample(ConcatV2(axis: axis), inputs) { inputs in
        let resolved = axis < 0 ? axis + shapes[0].rank : axis
        let rows = shapes[0].dimensions[..<resolved].reduce(1, *)
        var result = shapes[0].dimensions
        result[resolved] = shapes.reduce(0) { $0 + $1[resolved] }
        let elements = (0..<rows).flatMap { row in
          inputs.flatMap { input in
            let length = input.elementCount / rows
            return input.doubles[row * length..<(row + 1) * length]
          }
        }
        return [Tensor(shape: Shape(result), scalars: elements)]
      }
    }
  }
}

/// `values` one after the other along `axis`; the value itself where there is only one.
public func concat(_ values: [Value], axis: Int) -> Value {
  precondition(!values.isEmpty, "nothing to concatenate")
  do {
    return values.count == 1
      ? values[0] : try values[0].graph.add(ConcatV2(axis: axis), values).output
  } catch {
    fatalError("\(error)")
  }
}
