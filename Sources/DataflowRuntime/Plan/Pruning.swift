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
