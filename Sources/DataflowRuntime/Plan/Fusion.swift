import DataflowGraph
import Tensors

/// Joins elementwise operations with those that alone read their results, so that what is in between is
/// never written to memory.
///
/// Functions and their order stay the same, and so do the bits of the result.
struct Fusion {
  /// An operation with what was joined to it.
  fileprivate struct Cluster {
    var expression: ScalarExpression
    var inputs: [Value]
    let type: ElementType
    var functions: Int
    var names: [String]
  }

  /// More functions at once than this gain nothing; their registers leave the nearest cache.
  private static let mostFunctions = 64
  private static let mostInputs = 16

  private let writes: VariableWrites
  private var clusters: [Node: Cluster] = [:]
  private var absorbed: Set<Node> = []
  private var uses: [Value: Int] = [:]

  /// - Parameters:
  ///   - nodes: in an order in which inputs come first.
  ///   - kept: values that are wanted themselves.
  init(_ nodes: [Node], kept: [Value]) {
    writes = VariableWrites(nodes)
    for value in kept { uses[value] = 2 }
    for node in nodes {
      for input in node.inputs { uses[input, default: 0] += 1 }
      for control in node.controlInputs { for output in control.outputs { uses[output] = 2 } }
    }
    for node in nodes { clusters[node] = cluster(node) }
  }

  /// The same graph with every cluster as one node.
  ///
  /// - Returns: nil where there is nothing to join.
  func applied(to nodes: [Node], path: String) throws -> (graph: Graph, values: [Value: Value])? {
    if absorbed.isEmpty { return nil }
    let graph = Graph(path: path)
    var values: [Value: Value] = [:]
    var copies: [Node: Node] = [:]
    for node in nodes where !absorbed.contains(node) {
      let controls = node.controlInputs.compactMap { copies[$0] }
      let copy: Node
      if let cluster = clusters[node], cluster.names.count > 1 {
        let fused = FusedElementwise(
          cluster.expression, output: node.outputSpecs[0], names: cluster.names)
        copy = try graph.add(
          copyOf: node, as: fused, inputs: cluster.inputs.map { values[$0]! },
          controlInputs: controls)
      } else {
        copy = try graph.add(
          copyOf: node, inputs: node.inputs.map { values[$0]! }, controlInputs: controls)
      }
      copies[node] = copy
      for (old, new) in zip(node.outputs, copy.outputs) { values[old] = new }
    }
    return (graph, values)
  }

  private mutating func cluster(_ node: Node) -> Cluster? {
    let specs = node.inputs.map(\.spec)
    guard !node.operation.isStateful, node.outputSpecs.count == 1, node.controlInputs.isEmpty,
      let expression = node.operation.scalarExpression(inputs: specs),
      let type = specs.first(where: { $0.elementType != .bool })?.elementType,
      type.isFloatingPoint, specs.allSatisfy({ [type, .bool].contains($0.elementType) })
    else { return nil }
    var cluster = Cluster(
      expression: expression, inputs: [], type: type, functions: expression.functionCount,
      names: [node.operationName])
    let parts = node.inputs.map { input -> ScalarExpression in
      guard let producer = joinable(input, to: node, cluster) else {
        return .input(cluster.number(of: input))
      }
      absorbed.insert(input.node)
      cluster.functions += producer.functions
      cluster.names = producer.names + cluster.names
      return producer.expression.substituting(
        producer.inputs.map { .input(cluster.number(of: $0)) })
    }
    cluster.expression = expression.substituting(parts)
    return cluster
  }

  private func joinable(_ input: Value, to node: Node, _ cluster: Cluster) -> Cluster? {
    guard uses[input] == 1, let producer = clusters[input.node], producer.type == cluster.type,
      input.shape == node.outputSpecs[0].shape, input.node.device == node.device,
      producer.functions + cluster.functions <= Self.mostFunctions,
      producer.inputs.count + cluster.inputs.count + node.inputs.count <= Self.mostInputs
    else { return nil }
    // A variable is read between the same writes as before.
    let isSame = producer.inputs.allSatisfy {
      writes.before(node, of: $0) == writes.before(input.node, of: $0)
    }
    return isSame ? producer : nil
  }
}

extension Fusion.Cluster {
  /// The place of a value among the inputs, at which it is put if it has none.
  fileprivate mutating func number(of value: Value) -> Int {
    if let number = inputs.firstIndex(of: value) { return number }
    inputs.append(value)
    return inputs.count - 1
  }
}
