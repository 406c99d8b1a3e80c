import DataflowGraph
import Tensors

/// Joins elementwise operations with those that alone read their results, so that what is in between is
/// never written to memory.
///
/// Functions and their order stay the same, and so do the bits of the result. A product of matrices is joined
/// with what is made of its elements: a layer's bias and activation, or the derivative that the gradient is
/// multiplied with on its way back. Where what the activation is of is wanted too, as gradients want it, the
/// processor computes both as one step with two results.
struct Fusion {
  /// An operation with what was joined to it.
  fileprivate struct Cluster {
    var expression: ScalarExpression
    var inputs: [Value]
    let type: ElementType
    var functions: Int
    var names: [String]
    /// The product that is one of the inputs.
    var product: Node?
    /// What is computed of the result of a product's cluster, as a second result.
    var activation: Node?
    /// What the joined operations' shapes rely on.
    var equalSizes: [SizeEquality]

    var isJoined: Bool { names.count > 1 || activation != nil }
  }

  /// More functions at once than this gain nothing; their registers leave the nearest cache.
  private static let mostFunctions = 64
  private static let mostInputs = 16
  /// Kernels that multiply compute each element's functions at a place of its own in their text.
  private static let mostFunctionsOfProduct = 24

  private let devices: DeviceTable
  private let writes: VariableWrites
  private var clusters: [Node: Cluster] = [:]
  private var absorbed: Set<Node> = []
  private var uses: [Value: Int] = [:]

  /// - Parameters:
  ///   - nodes: in an order in which inputs come first.
  ///   - kept: values that are wanted themselves.
  ///   - devices: those that the nodes are on.
  init(_ nodes: [Node], kept: [Value], _ devices: DeviceTable) {
    self.devices = devices
    writes = VariableWrites(nodes)
    for value in kept { uses[value] = 2 }
    for node in nodes {
      for input in node.inputs { uses[input, default: 0] += 1 }
      for control in node.controlInputs { for output in control.outputs { uses[output] = 2 } }
    }
    for node in nodes { clusters[node] = cluster(node) }
    let controls = Set(nodes.flatMap(\.controlInputs))
    for node in nodes where !controls.contains(node) { join(activation: node) }
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
      let cluster = clusters[node]
      if let cluster, cluster.isJoined {
        let (fused, inputs) = cluster.operation(of: node, clusters)
        copy = try graph.add(
          copyOf: node, as: fused, inputs: inputs.map { values[$0]! }, controlInputs: controls,
          equalSizes: cluster.equalSizes)
      } else {
        copy = try graph.add(
          copyOf: node, inputs: node.inputs.map { values[$0]! }, controlInputs: controls)
      }
      copies[node] = copy
      let results = node.outputs + (cluster?.activation?.outputs ?? [])
      for (old, new) in zip(results, copy.outputs) { values[old] = new }
    }
    return (graph, values)
  }

  /// Makes a cluster that is computed of the result of a product's cluster alone a second result of that one.
  private mutating func join(activation node: Node) {
    guard !absorbed.contains(node), let cluster = clusters[node], cluster.product == nil,
      cluster.inputs.count == 1, let source = cluster.inputs.first?.node,
      !absorbed.contains(source), let other = clusters[source], other.product != nil,
      other.activation == nil, node.device == source.device,
      !devices.hasOwnMemory(devices.index(of: node)), node.outputSpecs == source.outputSpecs
    else { return }
    clusters[source]!.activation = node
    clusters[source]!.equalSizes += cluster.equalSizes
    absorbed.insert(node)
  }

  private mutating func cluster(_ node: Node) -> Cluster? {
    if node.operation is MatMul {
      guard node.controlInputs.isEmpty, devices.fusesProducts(devices.index(of: node)) else {
        return nil
      }
      return Cluster(
        expression: .input(0), inputs: [node.output], type: node.output.elementType, functions: 0,
        names: [node.operationName], product: node, equalSizes: node.equalSizes)
    }
    let specs = node.inputs.map(\.spec)
    guard !node.operation.isStateful, node.outputSpecs.count == 1, node.controlInputs.isEmpty,
      let expression = node.operation.scalarExpression(inputs: specs),
      let type = specs.first(where: { $0.elementType != .bool })?.elementType,
      type.isFloatingPoint, specs.allSatisfy({ [type, .bool].contains($0.elementType) })
    else { return nil }
    var cluster = Cluster(
      expression: expression, inputs: [], type: type, functions: expression.functionCount,
      names: [node.operationName], equalSizes: node.equalSizes)
    let parts = node.inputs.map { input -> ScalarExpression in
      guard let producer = joinable(input, to: node, cluster) else {
        return .input(cluster.number(of: input))
      }
      absorbed.insert(input.node)
      cluster.functions += producer.functions
      cluster.names = producer.names + cluster.names
      cluster.product = cluster.product ?? producer.product
      cluster.equalSizes = producer.equalSizes + cluster.equalSizes
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
    // A variable, one that is a factor too, is read between the same writes as before: the same of all variables, since
    // reads put writes of different ones in an order.
    let read = producer.inputs + (producer.product?.inputs ?? [])
    guard
      read.allSatisfy({ writes.all(of: $0).isEmpty })
        || writes.areSame(before: node, and: input.node)
    else { return nil }
    if producer.product != nil || cluster.product != nil {
      guard producer.product == nil || cluster.product == nil,
        node.outputSpecs[0].elementType == cluster.type,
        producer.functions + cluster.functions <= Self.mostFunctionsOfProduct
      else { return nil }
    }
    return producer
  }
}

extension Fusion.Cluster {
  /// What computes the cluster in place of its last node, and from what.
  fileprivate func operation(
    of node: Node, _ clusters: [Node: Fusion.Cluster]
  ) -> (any Operation, inputs: [Value]) {
    let output = node.outputSpecs[0]
    guard let product, let multiply = product.operation as? MatMul else {
      return (FusedElementwise(expression, output: output, names: names), inputs)
    }
    // The product is what the expression takes first, in place of both factors.
    let others = inputs.filter { $0 != product.output }
    let numbers = inputs.map { input in others.firstIndex(of: input).map { $0 + 1 } ?? 0 }
    let second = activation.flatMap { clusters[$0] }
    let fused = FusedProduct(
      multiply, then: expression.substituting(numbers.map { .input($0) }),
      activation: second?.expression, output: output, names: names + (second?.names ?? []))
    return (fused, product.inputs + others)
  }

  /// The place of a value among the inputs, at which it is put if it has none.
  fileprivate mutating func number(of value: Value) -> Int {
    if let number = inputs.firstIndex(of: value) { return number }
    inputs.append(value)
    return inputs.count - 1
  }
}
