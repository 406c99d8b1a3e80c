import Tensors

/// Passes its first input on to one of two outputs: to output 1 where the second input is true, else to
/// output 0. What depends on the other output does not run. TensorFlow's `Switch`.
public struct Switch: Operation {
  public static let name = "Switch"
  public static var samples: [OperationSample] { [] }

  public init() {}
  public init(attributes: Attributes) {}

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 2)
    try expect(inputs[1], type: .bool, "the condition")
    try expect(inputs[1], rank: 0, "the condition")
    let output = TensorSpec(inputs[0].elementType, inputs[0].shape)
    return [output, output]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) -> any Kernel {
    SwitchKernel(elementSize: inputs[0].elementType.size)
  }

  /// Of the two gradients one is computed; where nothing depends on an output, zeros come from it.
  public func gradients(of node: Node, outputGradients: [Value?]) throws -> [Value?] {
    try node.expectOwn(outputGradients)
    let graph = node.graph
    let parts = try (0..<2).map { index -> Value in
      if let gradient = outputGradients[index] { return gradient }
      let pivot = try graph.add(Identity(), [node[index]])
      return graph.withControlDependencies([pivot]) { graph.zeros(like: node[index]) }
    }
    return [try graph.add(Merge(), parts).output, nil]
  }
}

extension Node {
  /// - Throws: `GraphError` where gradients are values of a function that captures the outputs: what depends on them there
  ///   is not left out with them.
  func expectOwn(_ gradients: [Value?]) throws {
    guard graph.innermost(with: gradients.compactMap { $0 }) !== graph else { return }
    throw error("has no gradient in the body of a loop or a branch around which it is")
  }
}

/// Computes what its live input gives.
package final class SwitchKernel: Kernel {
  private let elementSize: Int

  init(elementSize: Int) { self.elementSize = elementSize }

  package func prepare(_ sizes: KernelSizes) -> Int { 0 }

  /// Which output is alive in this run.
  package func liveOutput(_ context: borrowing KernelContext) -> Int {
    context.inputs[1].elements(Bool.self)[0] ? 1 : 0
  }

  package func run(_ context: borrowing KernelContext) {
    let source = context.inputs[0]
    context.outputs[liveOutput(context)].fill(
      from: UnsafeRawBufferPointer(start: source.base, count: source.count * elementSize))
  }
}
