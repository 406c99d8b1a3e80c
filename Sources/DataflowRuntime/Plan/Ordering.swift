import DataflowGraph

/// Nodes in the order they run in, and which must come before which.
struct NodeOrder {
  let nodes: [Node]
  /// The nodes that must be done before each, by their ids.
  let predecessors: [Int: Set<Int>]
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
  var dependencies = directPredecessors(nodes)
  let ids = Set(dependencies.keys)
  for id in ids where !dependencies[id]!.isSubset(of: ids) {
    dependencies[id]!.formIntersection(ids)
  }
  try checkSizes(nodes, dependencies)
  let reads = try ReadsBeforeWrites(nodes, fetches: fetches, dependencies)
  let predecessors = fillingQueuesFirst(nodes, reads.predecessors)
  func withAncestors(_ isWanted: (Node) -> Bool) -> Set<Int> {
    nodes.filter(isWanted).reduce(into: []) { found, node in
      found.insert(node.id)
      found.formUnion(ancestors(of: node.id, predecessors))
    }
  }
  let waiting = Set(nodes.filter(\.operation.mayBlock).map(\.id))
  let urgent = withAncestors { $0.operation is Send }.subtracting(waiting)
  let early = withAncestors { $0.operation.mayBlock || !$0.ownLateSymbols.isEmpty }
  let sorted = sort(nodes, predecessors) { urgent.contains($0) ? 0 : early.contains($0) ? 1 : 2 }
  return NodeOrder(nodes: sorted, predecessors: predecessors, snapshots: reads.snapshots)
}

/// The nodes that must be done before each, with those that fill a queue before those that empty it, one by one.
private func fillingQueuesFirst(
  _ nodes: [Node], _ predecessors: [Int: Set<Int>]
) -> [Int: Set<Int>] {
  func fills(_ node: Node) -> Bool {
    node.operation is QueueEnqueueV2 || node.operation is QueueEnqueueManyV2
  }
  var predecessors = predecessors
  let waiting = nodes.filter { $0.operation.mayBlock && !fills($0) }
  // What another task sends may come only after something was taken.
  let received = waiting.filter { $0.operation is Recv }.map(\.id)
  var filled: [Value: [Node]] = [:]
  for node in nodes where fills(node) {
    if ancestors(of: node.id, predecessors).isDisjoint(with: received) {
      filled[node.inputs[0], default: []].append(node)
    }
  }
  var taken: [Value: Int] = [:]
  for other in waiting {
    guard let queue = other.inputs.first, let fillers = filled[queue] else { continue }
    // What takes something out needs as many to have put something in as take before it: more might not fit.
    let independent = fillers.filter { !ancestors(of: $0.id, predecessors).contains(other.id) }
    taken[queue, default: 0] += 1
    for node in independent.prefix(taken[queue]!) { predecessors[other.id]!.insert(node.id) }
  }
  return predecessors
}

/// - Throws: `GraphError` for a node that finds out sizes of what it is computed from.
private func checkSizes(_ nodes: [Node], _ predecessors: [Int: Set<Int>]) throws {
  for node in nodes where node.graph.hasLateSizes && !node.ownLateSymbols.isEmpty {
    guard ancestors(of: node.id, predecessors).contains(node.id) else { continue }
    let sizes = node.ownLateSymbols.sorted().joined(separator: ", ")
    throw node.error("finds out \(sizes), on which what it is computed from depends")
  }
}

/// The nodes that each one needs: its inputs, its control inputs and who finds out its sizes; by their ids.
func directPredecessors(_ nodes: [Node]) -> [Int: Set<Int>] {
  Dictionary(
    uniqueKeysWithValues: nodes.map { node in
      let late = node.graph.hasLateSizes ? node.lateSizeSources : []
      return (node.id, Set((node.inputs.map(\.node) + node.controlInputs + late).map(\.id)))
    })
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

func ancestors(of id: Int, _ predecessors: [Int: Set<Int>]) -> Set<Int> {
  var found: Set<Int> = []
  var pending = [id]
  while let next = pending.popLast() {
    for predecessor in predecessors[next] ?? [] where found.insert(predecessor).inserted {
      pending.append(predecessor)
    }
  }
  return found
}

/// Kahn's algorithm; of the nodes that could run next, one of the lowest class does, of these the one with
/// the smallest id.
private func sort(
  _ nodes: [Node], _ predecessors: [Int: Set<Int>], class: (Int) -> Int
) -> [Node] {
  let count = (nodes.last?.id ?? 0) + 1
  func rank(_ id: Int) -> Int { `class`(id) * count + id }
  var missing = predecessors.mapValues(\.count)
  var successors: [Int: [Int]] = [:]
  for (id, before) in predecessors {
    for other in before { successors[other, default: []].append(id) }
  }
  let byID = Dictionary(uniqueKeysWithValues: nodes.map { ($0.id, $0) })
  var ready = SmallestFirst(nodes.map(\.id).filter { missing[$0] == 0 }.map(rank))
  var result: [Node] = []
  while let next = ready.pop() {
    let id = next % count
    result.append(byID[id]!)
    for successor in successors[id] ?? [] {
      missing[successor]! -= 1
      if missing[successor] == 0 { ready.push(rank(successor)) }
    }
  }
  precondition(result.count == nodes.count, "nodes depend on each other in a cycle")
  return result
}

/// A binary heap of integers.
private struct SmallestFirst {
  private var heap: [Int] = []

  init(_ elements: [Int]) { for element in elements { push(element) } }

  mutating func push(_ element: Int) {
    heap.append(element)
    var child = heap.count - 1
    while child > 0, heap[child] < heap[(child - 1) / 2] {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func pop() -> Int? {
    guard let first = heap.first else { return nil }
    let last = heap.removeLast()
    guard !heap.isEmpty else { return first }
    heap[0] = last
    var parent = 0
    while true {
      let children = [2 * parent + 1, 2 * parent + 2].filter { $0 < heap.count }
      guard let least = children.min(by: { heap[$0] < heap[$1] }), heap[least] < heap[parent]
      else { return first }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}
