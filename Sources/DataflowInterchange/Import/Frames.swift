import DataflowFormats
import DataflowGraph

/// Which nodes belong to which loop: TensorFlow marks a loop's beginning with `Enter`, its end with
/// `Exit`, and all in between belongs to its frame.
struct Frames {
  struct Frame {
    var name: String
    /// The frame around, nil for none.
    var parent: Int?
    var depth: Int
    var nodes: [Int] = []
    var enters: [Int] = []
    var exits: [Int] = []
  }

  private(set) var frames: [Frame] = []
  /// The frame that a node's outputs belong to, by the node's number; nil outside of loops.
  private(set) var ofNode: [Int?]

  /// - Throws: `GraphError` for a cycle without `NextIteration`, and for a node that reads of two loops.
  init(_ table: NodeTable) throws {
    ofNode = Array(repeating: nil, count: table.nodes.count)
    var numbers: [String: Int] = [:]
    let order = try table.ordered(Array(table.nodes.indices)) { node in
      let isLoopEnd = table.nodes[node].op.hasSuffix("NextIteration")
      // The next iteration's values are no cycle.
      return isLoopEnd ? [] : table.inputs[node].map(\.node) + table.controls[node]
    }
    for node in order where !table.nodes[node].op.hasSuffix("NextIteration") {
      try assign(node, in: table, &numbers)
    }
    for node in order where table.nodes[node].op.hasSuffix("NextIteration") {
      try assign(node, in: table, &numbers)
    }
  }

  private mutating func assign(
    _ node: Int, in table: NodeTable, _ numbers: inout [String: Int]
  ) throws {
    let def = table.nodes[node]
    let sources = (table.inputs[node].map(\.node) + table.controls[node]).compactMap { ofNode[$0] }
    let deepest = sources.max { frames[$0].depth < frames[$1].depth }
    if let other = sources.first(where: { !isAround($0, deepest) }) {
      throw def.error(
        "reads values of two loops, \(frames[other].name) and \(frames[deepest!].name)")
    }
    switch def.op {
    case "Enter", "RefEnter":
      let frame = try enter(def, parent: deepest, &numbers)
      frames[frame].enters.append(node)
      ofNode[node] = frame
    case "Exit", "RefExit":
      guard let deepest else { throw def.error("leaves a loop, but is in none") }
      frames[deepest].exits.append(node)
      ofNode[node] = frames[deepest].parent
    default: ofNode[node] = deepest
    }
    if let frame = ofNode[node] { frames[frame].nodes.append(node) }
  }

  private mutating func enter(
    _ def: NodeDef, parent: Int?, _ numbers: inout [String: Int]
  ) throws -> Int {
    guard case .string(let bytes)? = def.attributes["frame_name"] else {
      throw def.error("attribute frame_name is missing")
    }
    let name = String(decoding: bytes, as: UTF8.self)
    guard name.isWritableName else {
      throw def.error("attribute frame_name = \(name.debugDescription): \(NodeTable.namesAllowed)")
    }
    if let known = numbers[name] {
      guard frames[known].parent == parent else {
        throw def.error("enters the loop \(name), which lies in another loop")
      }
      return known
    }
    numbers[name] = frames.count
    frames.append(
      Frame(name: name, parent: parent, depth: (parent.map { frames[$0].depth } ?? 0) + 1))
    return frames.count - 1
  }

  /// Whether `outer` is `inner` or lies around it.
  private func isAround(_ outer: Int, _ inner: Int?) -> Bool {
    var frame = inner
    while let current = frame {
      if current == outer { return true }
      frame = frames[current].parent
    }
    return false
  }
}
