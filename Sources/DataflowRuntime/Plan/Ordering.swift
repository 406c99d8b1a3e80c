import DataflowGraph

/// Nodes in the order they run in, and which must come before which.
struct NodeOrder {
  let nodes: [Node]
  let dependencies: Dependencies
  /// Other names of variables for what they are before a write that a reader of the name comes after.
  let snapshots: Set<Node>
}

/// Puts nodes into the order they run in: inputs and control inputs first; then what others may wait for,
/// `Send` and all it depends on; then what finds out sizes or waits and all it depends on; ties by the
/// node's id. So nothing waits that could still send. What puts something into a queue comes before what takes it out, one
/// for one, unless it depends on that, or on another task.
///
/// A variable is read before it is written by every node that does not itself depend on the write. It is an error
/// where there is no such order, and where two writes of a variable have none: it would be a guess.
///
/// - Parameter fetches: what is wanted after all nodes are done.
func order(_ nodes: [Node], fetches: [Value] = []) throws -> NodeOrder {
  let needed = Dependencies(nodes)
  try checkSizes(nodes, needed)
  let reads = try ReadsBeforeWrites(nodes, fetches: fetches, needed)
  let dependencies = fillingQueuesFirst(nodes, reads.dependencies)
  let waiting = nodes.filter(\.operation.mayBlock)
  let sending = nodes.filter { $0.operation is Send }
  let finding = nodes.filter { $0.operation.mayBlock || !$0.ownLateSymbols.isEmpty }
  func withAncestors(_ nodes: [Node]) -> BitSet {
    var found = dependencies.ancestors(of: nodes)
    for node in nodes { found.insert(node.id) }
    return found
  }
  let (urgent, early) = (withAncestors(sending), withAncestors(finding))
  let mayWait = Set(waiting.map(\.id))
  let sorted = dependencies.sorted(nodes) { id in
    urgent.contains(id) && !mayWait.contains(id) ? 0 : early.contains(id) ? 1 : 2
  }
  precondition(sorted.count == nodes.count, "nodes depend on each other in a cycle")
  return NodeOrder(nodes: sorted, dependencies: dependencies, snapshots: reads.snapshots)
}

/// What comes before what, with the nodes that fill a queue before those that empty it, one by one.
private func fillingQueuesFirst(_ nodes: [Node], _ needed: Dependencies) -> Dependencies {
  func fills(_ node: Node) -> Bool {
    node.operation is QueueEnqueueV2 || node.operation is QueueEnqueueManyV2
  }
  var dependencies = needed
  let waiting = nodes.filter { $0.operation.mayBlock && !fills($0) }
  // What another task sends may come only after something was taken.
  let received = waiting.filter { $0.operation is Recv }.map(\.id)
  var filled: [Value: [Node]] = [:]
  for node in nodes where fills(node) {
    let before = dependencies.ancestors(of: node)
    if !received.contains(where: before.contains) {
      filled[node.inputs[0], default: []].append(node)
    }
  }
  var taken: [Value: Int] = [:]
  for other in waiting {
    guard let queue = other.inputs.first, let fillers = filled[queue] else { continue }
    // What takes something out needs as many to have put something in as take before it: more might not fit.
    let independent = fillers.filter { !dependencies.ancestors(of: $0).contains(other.id) }
    taken[queue, default: 0] += 1
    for node in independent.prefix(taken[queue]!) { dependencies.put(node, before: other) }
  }
  return dependencies
}

/// - Throws: `GraphError` for a node that finds out sizes of what it is computed from.
private func checkSizes(_ nodes: [Node], _ dependencies: Dependencies) throws {
  // Nothing else makes a cycle of what a graph's nodes need.
  let finding = nodes.filter { $0.graph.hasLateSizes && !$0.ownLateSymbols.isEmpty }
  if finding.isEmpty || dependencies.sorted(nodes, class: { _ in 0 }).count == nodes.count {
    return
  }
  for node in finding where dependencies.ancestors(of: node).contains(node.id) {
    let sizes = node.ownLateSymbols.sorted().joined(separator: ", ")
    throw node.error("finds out \(sizes), on which what it is computed from depends")
  }
}

/// Who reads and who writes one variable's buffer, under whatever name.
struct VariableAccess {
  struct Read {
    let node: Node
    /// By which name; nil for the variable itself, or what a write of it returned.
    let alias: Node?
  }

  var variable: Node
  var reads: [Read] = []
  var writers: [Node] = []
}

/// The accesses, and which of them is of the variable that a value is, under whatever name.
func variableAccesses(_ nodes: [Node]) -> (accesses: [VariableAccess], indexOfBuffer: [Value: Int])
{
  var accesses: [VariableAccess] = []
  var indexOfBuffer: [Value: Int] = [:]
  for node in nodes {
    if node.operation is VariableV2 {
      indexOfBuffer[node.output] = accesses.count
      accesses.append(VariableAccess(variable: node))
      continue
    }
    let mutated = node.operation.mutatedInputs
    for (position, input) in node.inputs.enumerated() {
      guard let index = indexOfBuffer[input] else { continue }
      if mutated.contains(position) {
        accesses[index].writers.append(node)
      } else {
        let alias = input.node.operation.isAlias ? input.node : nil
        accesses[index].reads.append(VariableAccess.Read(node: node, alias: alias))
      }
    }
    guard let first = node.inputs.first, let index = indexOfBuffer[first] else { continue }
    if node.operation.isAlias || mutated.contains(0) {
      for output in node.outputs { indexOfBuffer[output] = index }
    }
  }
  return (accesses, indexOfBuffer)
}
