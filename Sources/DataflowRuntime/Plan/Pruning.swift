import DataflowGraph

/// The nodes that a run needs, in the order they were added.
///
/// - Parameters:
///   - outputs: values to compute.
///   - targets: nodes to run.
///   - feeds: values that are given, so that what computes them is not needed.
func prune(_ graph: Graph, outputs: [Value], targets: [Node], feeds: Set<Value>) -> [Node] {
  var needed: Set<Int> = []
  var pending = targets + outputs.filter { !feeds.contains($0) }.map(\.node)
  while let node = pending.popLast() {
    guard needed.insert(node.id).inserted else { continue }
    pending += node.inputs.filter { !feeds.contains($0) }.map(\.node) + node.controlInputs
    if graph.hasLateSizes { pending += node.lateSizeSources }
  }
  return needed.sorted().map { graph.nodes[$0] }
}

extension Node {
  /// The names of the sizes that this node finds out while it runs.
  var ownLateSymbols: [String] {
    let prefix = lateSymbol(0).dropLast()
    let symbols = outputSpecs.reduce(into: Set<String>()) { found, spec in
      for dimension in spec.shape.dimensions { found.formUnion(dimension.symbols) }
    }
    return symbols.filter { $0.hasPrefix(prefix) && !$0.dropFirst(prefix.count).contains("?") }
  }

  /// Every size that the node's outputs and attributes depend on, by name.
  var symbols: Set<String> {
    var found: Set<String> = []
    func note(_ shape: SymbolicShape) {
      for dimension in shape.dimensions { found.formUnion(dimension.symbols) }
    }
    for spec in outputSpecs { note(spec.shape) }
    for attribute in operation.attributes.values.values {
      if case .shape(let shape) = attribute { note(shape) }
      if case .shapes(let shapes) = attribute { shapes.forEach(note) }
    }
    return found
  }

  /// The nodes that find out sizes which this one depends on, without being among its inputs.
  var lateSizeSources: [Node] {
    symbols.compactMap { symbol -> Node? in
      guard let mark = symbol.lastIndex(of: "?"), symbol.hasPrefix(graph.path) else { return nil }
      let name = symbol[..<mark].dropFirst(graph.path.count)
      return graph.node(named: String(name)).flatMap { $0 == self ? nil : $0 }
    }
  }
}
