import DataflowGraph

/// Which nodes must be done before which, by the nodes' ids.
struct Dependencies {
  /// Of each id, those before it; one may be there twice.
  private var before: [[Int]]

  /// What the nodes need of each other: inputs, control inputs, and who finds out sizes.
  init(_ nodes: [Node]) {
    let limit = (nodes.map(\.id).max() ?? -1) + 1
    var isIncluded = BitSet(below: limit)
    for node in nodes { isIncluded.insert(node.id) }
    before = Array(repeating: [], count: limit)
    for node in nodes {
      let late = node.graph.hasLateSizes ? node.lateSizeSources : []
      before[node.id] = (node.inputs.map(\.node) + node.controlInputs + late).map(\.id)
        .filter { $0 < limit && isIncluded.contains($0) }
    }
  }

  /// The nodes right before one.
  subscript(id: Int) -> [Int] { before[id] }

  mutating func put(_ first: Node, before second: Node) { before[second.id].append(first.id) }

  /// All nodes that must be done before some; these are not among them, unless they are before each other or, in a
  /// cycle, before themselves.
  func ancestors(of nodes: [Node]) -> BitSet {
    var found = BitSet(below: before.count)
    var pending = nodes.map(\.id)
    while let next = pending.popLast() {
      for other in before[next] where found.insert(other) { pending.append(other) }
    }
    return found
  }

  func ancestors(of node: Node) -> BitSet { ancestors(of: [node]) }

  /// The nodes in an order in which each comes after those before it; of the nodes that could come next, one of the
  /// lowest class does, of these the one with the smallest id.
  ///
  /// - Returns: fewer nodes where some depend on each other in a cycle.
  func sorted(_ nodes: [Node], class: (Int) -> Int) -> [Node] {
    // Kahn's algorithm.
    let count = before.count
    func rank(_ id: Int) -> Int { `class`(id) * count + id }
    var missing = before.map(\.count)
    var successors: [[Int]] = Array(repeating: [], count: count)
    var byID: [Node?] = Array(repeating: nil, count: count)
    for node in nodes {
      byID[node.id] = node
      for other in before[node.id] { successors[other].append(node.id) }
    }
    var ready = SmallestFirst(nodes.map(\.id).filter { missing[$0] == 0 }.map(rank))
    var result: [Node] = []
    while let next = ready.pop() {
      let id = next % count
      result.append(byID[id]!)
      for successor in successors[id] {
        missing[successor] -= 1
        if missing[successor] == 0 { ready.push(rank(successor)) }
      }
    }
    return result
  }
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
