import Tensors

/// The one of its inputs that was computed, and which it was: where the branches of a `Switch` meet.
/// TensorFlow's `Merge`.
///
/// Inputs of different sizes are allowed; then the sizes are those of the input that was computed. It waits for its
/// control inputs, but runs also where these stand on a branch that was not taken.
public struct Merge: Operation {
  public static let name = "Merge"
  public static var samples: [OperationSample] { [] }
  public static var tensorFlowForm: TensorFlowForm { TensorFlowForm(count: "N") }

  public init() {}
  public init(attributes: Attributes) {}

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    guard let first = inputs.first else { throw GraphError("takes at least one input") }
    try expectSameType(inputs)
    for input in inputs { try expect(input, rank: first.shape.rank, "an input") }
    let sizes = first.shape.dimensions.enumerated().map { axis, size -> Dimension in
      inputs.allSatisfy { $0.shape[axis] == size } ? size : .late(axis)
    }
    return [TensorSpec(first.elementType, SymbolicShape(sizes)), TensorSpec(.int32, .scalar)]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) -> any Kernel {
    MergeKernel(elementSize: inputs[0].elementType.size)
  }

  /// The gradient belongs to the input that was computed; to the others nothing flows, since what
  /// they come from did not run.
  public func gradients(of node: Node, outputGradients: [Value?]) throws -> [Value?] {
    guard let gradient = outputGradients[0] else { return node.inputs.map { _ in nil } }
    guard node.inputs.count == 2 else {
      throw node.error("has a gradient only with two inputs")
    }
    try node.expectOwn(outputGradients)
    let graph = node.graph
    let second = graph.constant(Tensor(1 as Int32))
    let isSecond = try graph.add(Equal(), [node[1], second]).output
    let parts = try graph.add(Switch(), [gradient, isSecond])
    return [parts[0], parts[1]]
  }
}

package final class MergeKernel: LateSizeKernel {
  private let elementSize: Int
  /// Set before each run.
  package var liveInput = 0

  init(elementSize: Int) { self.elementSize = elementSize }

  package func measure(_ context: borrowing KernelContext) -> [Int] {
    context.inputs[liveInput].shape.dimensions
  }

  package func prepare(_ sizes: KernelSizes) -> Int { 0 }

  package func run(_ context: borrowing KernelContext) {
    let source = context.inputs[liveInput]
    context.outputs[0].fill(
      from: UnsafeRawBufferPointer(start: source.base, count: source.count * elementSize))
    context.outputs[1].elements(Int32.self)[0] = Int32(liveInput)
  }
}
