import Tensors

/// A kernel that runs functions: its results are computed before their sizes are known, kept, and then
/// copied to the outputs.
class FunctionCallKernel: LateSizeKernel {
  private let inputTypes: [ElementType]
  private let outputs: [TensorSpec]
  /// Of each output's axes the number of the size that is found out here, nil for other sizes: those that another
  /// node finds out have numbers too.
  private let lateNumbers: [[Int?]]
  private var results: [Tensor] = []

  init(_ site: KernelSite) {
    inputTypes = site.inputs.map(\.elementType)
    outputs = site.outputs
    lateNumbers = outputs.map { output in
      output.shape.dimensions.map { size in
        size.lateNumber.flatMap { site.node.lateSymbol($0) == size.soleSymbol ? $0 : nil }
      }
    }
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
    guard results.count == outputs.count else {
      throw GraphError("got \(results.count) tensors for \(outputs.count) outputs")
    }
    for (index, (output, result)) in zip(outputs, results).enumerated() {
      guard result.elementType == output.elementType else {
        throw GraphError(
          "output \(index) has the type \(result.elementType), expected \(output.elementType)")
      }
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
    for (numbers, result) in zip(lateNumbers, results) {
      for (axis, number) in numbers.enumerated() {
        guard let number else { continue }
        if number >= sizes.count { sizes += Array(repeating: 0, count: number + 1 - sizes.count) }
        sizes[number] = result.shape[axis]
      }
    }
    return sizes
  }

  final func prepare(_ sizes: KernelSizes) -> Int { 0 }

  final func run(_ context: borrowing KernelContext) throws {
    if results.isEmpty { results = try checked(try compute(context)) }
    // They are this run's, whatever is wrong with them.
    defer { results = [] }
    for (index, result) in results.enumerated() {
      // Sizes with names are known only here.
      guard result.shape == context.outputs[index].shape else {
        throw misfit(index, result, "\(context.outputs[index].shape)")
      }
      result.withBytes { context.outputs[index].fill(from: $0) }
    }
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

  /// A node that would not do the same when the function is computed once more, as gradients do.
  var unrepeatable: Node? { graph.nodes.first { !$0.isRepeatable } }

  /// - Throws: `GraphError` where the gradient of `node`, which runs the function, cannot compute it once more.
  func expectRepeatable(by node: Node) throws {
    guard let other = unrepeatable else { return }
    throw node.error(
      "has no gradient: it would compute \(name) once more, where \(other.name) does not do the same again"
    )
  }
}

extension Node {
  /// Whether it does the same when it is computed once more: it draws no random numbers and changes nothing.
  package var isRepeatable: Bool {
    if !operation.functions.isEmpty {
      return operation.functions.allSatisfy { $0.unrepeatable == nil }
    }
    // Loops of TensorFlow keep on stacks what its own gradients want; the value goes on as it is.
    return !operation.isStateful || operation is Assert || operation is Print
      || operation is StackPushV2
  }
}
