import DataflowGraph
import Tensors

/// The most bytes that a folded result may have unless its inputs are as large.
private let largestFoldedResult = 65_536

/// The output of a node whose inputs are constants.
///
/// - Returns: nil where the node has several outputs, its result would be large or is not known
///   before the run, or computing it fails, which the run will report.
package func evaluateConstant(_ node: Node, _ inputs: [Tensor]) -> Tensor? {
  guard node.outputSpecs.count == 1, let shape = node.outputSpecs[0].shape.known else { return nil }
  let type = node.outputSpecs[0].elementType
  let most = max(largestFoldedResult, inputs.map(\.byteCount).max() ?? 0)
  guard shape.elementCount(atMost: most / type.size) != nil else { return nil }
  if node.operation.isAlias { return inputs[0].reshaped(to: shape) }
  return try? ConstantEvaluation(inputs).output(of: node, type, shape)
}

/// Memory for one call of a kernel.
private final class ConstantEvaluation {
  private let inputs: [Tensor]
  private let views: UnsafeMutablePointer<TensorView>
  private var dimensions: [UnsafeMutablePointer<Int>] = []

  init(_ inputs: [Tensor]) {
    self.inputs = inputs
    views = .allocate(capacity: inputs.count + 1)
  }

  deinit {
    views.deallocate()
    for pointer in dimensions { pointer.deallocate() }
  }

  func output(of node: Node, _ type: ElementType, _ shape: Shape) throws -> Tensor {
    let kernel = try node.operation.makeKernel(
      inputs: inputs.map { TensorSpec($0.elementType, SymbolicShape($0.shape)) },
      outputs: node.outputSpecs)
    let scratch = try kernel.prepare(
      KernelSizes(inputs: inputs.map(\.shape), outputs: [shape], symbols: [:]))
    let workspace = AlignedStorage(byteCount: scratch)
    for (index, input) in inputs.enumerated() {
      // Kernels only read their inputs, and this object keeps them.
      let base = input.withBytes { UnsafeMutableRawPointer(mutating: $0.baseAddress!) }
      (views + index).initialize(to: view(base, input.shape))
    }
    var result = Tensor(zeros: shape, elementType: type)
    try result.withMutableBytes { bytes in
      (views + inputs.count).initialize(to: view(bytes.baseAddress!, shape))
      let executor = SerialExecutor()
      let state = RunState()
      // As a run would.
      try FloatingPointMode.flushing {
        try kernel.run(
          KernelContext(
            inputs: views, outputs: views + inputs.count, workspace: workspace.base,
            executor: executor, state: state))
      }
      withExtendedLifetime((executor, state)) {}
    }
    withExtendedLifetime(workspace) {}
    return result
  }

  private func view(_ base: UnsafeMutableRawPointer, _ shape: Shape) -> TensorView {
    let sizes = UnsafeMutablePointer<Int>.allocate(capacity: max(1, shape.rank))
    sizes.initialize(from: shape.dimensions, count: shape.rank)
    dimensions.append(sizes)
    return TensorView(base: base, dimensions: sizes, rank: shape.rank, count: shape.elementCount)
  }
}
