import Tensors

/// Fewer dimensions of size 1. TensorFlow's `Squeeze`.
public struct Squeeze: Operation {
  public static let name = "Squeeze"

  let axes: [Int]

  /// - Parameter axes: counted from the back where negative; all of size 1 if empty, where a run may not find a size
  ///   with a name to be 1.
  public init(axes: [Int]) { self.axes = axes }

  public init(attributes: Attributes) throws {
    axes = try attributes.ints("squeeze_dims", default: [])
  }

  public var attributes: Attributes { ["squeeze_dims": .ints(axes)] }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    let shape = inputs[0].shape
    let removed = try removedAxes(of: shape)
    for axis in removed where !shape[axis].couldEqual(1) {
      throw GraphError("the size along axis \(axis) of \(shape) is \(shape[axis]), not 1")
    }
    let kept = shape.dimensions.indices.filter { !removed.contains($0) }
    if axes.isEmpty {
      for axis in kept {
        SizeEquality.note(
          shape[axis], isNot: 1,
          "along axis \(axis) of \(shape), which no run can remove: name the axes")
      }
    }
    return [TensorSpec(inputs[0].elementType, SymbolicShape(kept.map { shape[$0] }))]
  }

  /// The dimensions that a shape loses, counted from the front.
  ///
  /// - Throws: `GraphError` for an axis outside the shape.
  package func removedAxes(of shape: SymbolicShape) throws -> [Int] {
    axes.isEmpty
      ? shape.dimensions.indices.filter { shape[$0] == 1 } : try axes.map { try shape.axis($0) }
  }

  /// Only a step's sizes are checked.
  public var isAlias: Bool { !axes.isEmpty }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) -> any Kernel {
    copyKernel(of: inputs[0].elementType)
  }

  public func deviceProgram(inputs: [TensorSpec], outputs: [TensorSpec]) -> DeviceProgram? {
    .copy(inputs[0].elementType, input: 0)
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    [reshape(outputGradients[0]!, node.inputs[0].shape)]
  }

  public static var samples: [OperationSample] {
    let cases: [(Shape, [Int], Shape)] = [
      ([1], [], []), ([1, 3, 1], [], [3]), ([1, 3, 1], [-1], [1, 3]), ([2, 3], [], [2, 3]),
    ]
    return cases.map { from, axes, to in
      OperationSample(Squeeze(axes: axes), [.random(from)]) { [$0[0].reshaped(to: to)] }
    }
  }
}

/// `x` without the dimensions `axes`, of size 1; without all of size 1 if empty, where no size with a name may be 1.
public func squeeze(_ x: Value, axes: [Int] = [], name: String? = nil) -> Value {
  x.graph.apply(Squeeze(axes: axes), x, name: name)
}
