import Tensors

/// A kernel that runs functions: its results are computed before their sizes are known, kept, and then
/// copied to the outputs.
class FunctionCallKernel: LateSizeKernel {
  private let inputTypes: [ElementType]
  private let outputs: [TensorSpec]
  private var results: [Tensor] = []

  init(_ site: KernelSite) {
    inputTypes = site.inputs.map(\.elementType)
    outputs = site.outputs
  }

  /// The outputs.
  func compute(_ context: borrowing KernelContext) throws -> [Tensor] {
    preconditionFailure("a subclass computes")
  }

  final func inputs(_ context: borrowing KernelContext) -> [Tensor] {
    var tensors: [Tensor] = []
    for (index, type) in inputTypes.enumerated() {
      tensors.append(context.inputs[index].tensor(of: type))
    }
    return tensors
  }

  private func checked(_ results: [Tensor]) throws -> [Tensor] {
    for (index, (output, result)) in zip(outputs, results).enumerated() {
      let sizes = output.shape.dimensions
      guard sizes.count == result.shape.rank,
        zip(sizes, result.shape.dimensions).allSatisfy({ $0.known == nil || $0.known == $1 })
      else { throw misfit(index, result, "\(output.shape)") }
    }
    return results
  }

  private func misfit(_ index: Int, _ result: Tensor, _ expected: String) -> GraphError {
    GraphError("output \(index) has the shape \(result.shape), expected \(expected)")
  }

  /// The sizes that `LateSizes` numbered, found in the results by their numbers.
  final func measure(_ context: borrowing KernelContext) throws -> [Int] {
    results = try checked(try compute(context))
    var sizes: [Int] = []
    for (output, result) in zip(outputs, results) {
      for (axis, size) in output.shape.dimensions.enumerated() {
        guard let number = size.lateNumber else { continue }
        if number >= sizes.count { sizes += Array(repeating: 0, count: number + 1 - sizes.count) }
        sizes[number] = result.shape[axis]
      }
    }
    return sizes
  }

  final func prepare(_ sizes: KernelSizes) -> Int { 0 }

  final func run(_ context: borrowing KernelContext) throws {
    if results.isEmpty { results = try checked(try compute(context)) }
    for (index, result) in results.enumerated() {
      // Sizes with names are known only here.
      guard result.shape == context.outputs[index].shape else {
        throw misfit(index, result, "\(context.outputs[index].shape)")
      }
      result.withBytes { context.outputs[index].fill(from: $0) }
    }
    results = []
  }
}

/// Numbers for the late sizes of one operation.
struct LateSizes {
  private var count = 0

  mutating func next() -> Dimension {
    count += 1
    return .late(count - 1)
  }
}

extension Dimension {
  /// The number of a late size, nil for any other.
  var lateNumber: Int? {
    guard let symbol = soleSymbol, let mark = symbol.lastIndex(of: "?") else { return nil }
    return Int(symbol[symbol.index(after: mark)...])
  }

  /// Whether some symbol is a late size of a node of `graph`, so that nothing outside knows it.
  func isLocal(to graph: Graph) -> Bool { symbols.contains { $0.hasPrefix(graph.path) } }
}

extension GraphFunction {
  var isStateful: Bool { graph.nodes.contains { $0.operation.isStateful } }
}
