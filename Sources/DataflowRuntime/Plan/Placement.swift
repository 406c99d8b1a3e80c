import DataflowGraph

/// The devices of a session, and what to do where none is as asked for.
public struct Placement: Sendable {
  /// What is fed lies in the first one's memory, which is the host's.
  public var devices: [any Device] = [CPUDevice()]
  /// Where nodes run that ask for nothing and can; the first device where that asks for nothing either.
  public var defaultDevice = DeviceName()
  /// Whether a node runs on another device where the one it asks for is missing or cannot run it.
  public var allowsSoftPlacement = true
  /// Told of every node that runs elsewhere than it asked for, in one line; and of all nodes' places
  /// where `logsAll`.
  public var log: @Sendable (String) -> Void = { _ in }
  public var logsAll = false

  public init() {}

  /// The device of each node.
  ///
  /// Nodes that must be together, for a variable they write or because they say so, are placed together;
  /// those of the graph that write a variable count even where they do not run, so that it need not move.
  /// What only shows its input under another shape is where that is.
  ///
  /// - Throws: `GraphError` for a node whose device is not there, or whose companions ask for another.
  func place(_ nodes: [Node], of graph: Graph) throws -> [Node: Int] {
    let hasDefault = !defaultDevice.isEmpty
    let needsThought =
      hasDefault || nodes.contains { !$0.device.isEmpty || $0.colocation != nil }
    if !needsThought && !logsAll { return [:] }
    var places: [Node: Int] = [:]
    for group in companions(hasDefault ? nodes.withWriters(in: graph) : nodes) {
      let place =
        group.count == 1 && group[0].operation.isAlias && group[0].device.isEmpty
        ? places[group[0].inputs[0].node] : nil
      let found = try place ?? device(for: group)
      for node in group { places[node] = found }
    }
    if logsAll { for node in nodes { log("\(node.name): \(devices[places[node]!].name)") } }
    return places
  }

  private func device(for group: [Node]) throws -> Int {
    let wanted = try wantedDevice(group)
    let able = devices.indices.filter { index in group.allSatisfy { devices[index].canRun($0) } }
    let fitting = able.filter { wanted.matches(devices[$0].name) }
    let preferred = fitting.first { wanted.type == nil && defaultDevice.matches(devices[$0].name) }
    if let found = preferred ?? fitting.first { return found }
    let names = devices.map { $0.name.short }.joined(separator: ", ")
    let why =
      devices.contains { wanted.matches($0.name) }
      ? "which cannot run it" : "which is not there; there are: \(names)"
    guard allowsSoftPlacement, let fallback = able.first else {
      throw group[0].error("asks for the device \(wanted), \(why)")
    }
    log("\(group[0].name): runs on \(devices[fallback].name), not on \(wanted), \(why)")
    return fallback
  }
}

/// What the nodes of a group ask for together.
///
/// - Throws: `GraphError` where they contradict each other.
func wantedDevice(_ group: [Node]) throws -> DeviceName {
  var wanted = DeviceName()
  for node in group {
    guard wanted.isCompatible(with: node.device) else {
      throw node.error("asks for the device \(node.device), what it must be with for \(wanted)")
    }
    wanted = wanted.completed(by: node.device)
  }
  return wanted
}

/// Groups of nodes that must be on one device, because one writes another's variable, holds its queue, or
/// asks for it.
func companions(_ nodes: [Node]) -> [[Node]] {
  var leader: [Node: Node] = [:]
  func root(_ node: Node) -> Node {
    var node = node
    while let next = leader[node] { node = next }
    return node
  }
  let present = Set(nodes)
  func join(_ a: Node, _ b: Node) {
    let (first, second) = (root(a), root(b))
    if first != second { leader[second] = first }
  }
  for node in nodes {
    for index in node.operation.mutatedInputs { join(node.inputs[index].node, node) }
    for input in node.inputs where input.elementType == .resource { join(input.node, node) }
    if let other = node.colocation, present.contains(other) { join(other, node) }
  }
  var groups: [Node: [Node]] = [:]
  for node in nodes { groups[root(node), default: []].append(node) }
  return nodes.compactMap { groups[$0] }
}

extension [Node] {
  /// The nodes and those of the graph that write their variables, in the graph's order.
  fileprivate func withWriters(in graph: Graph) -> [Node] {
    var found = Set(self)
    var variables = Set(filter { $0.operation is VariableV2 })
    guard !variables.isEmpty else { return self }
    var hasGrown = true
    while hasGrown {
      hasGrown = false
      for node in graph.nodes where !found.contains(node) {
        let mutated = node.operation.mutatedInputs.map { node.inputs[$0].node }
        guard mutated.contains(where: variables.contains) else { continue }
        found.insert(node)
        found.formUnion(mutated)
        variables.formUnion(mutated)
        hasGrown = true
      }
    }
    return graph.nodes.filter(found.contains)
  }
}

extension DeviceName {
  /// Whether one device could be what both ask for.
  fileprivate func isCompatible(with other: DeviceName) -> Bool {
    func fits<T: Equatable>(_ a: T?, _ b: T?) -> Bool { a == nil || b == nil || a == b }
    return fits(job, other.job) && fits(replica, other.replica) && fits(task, other.task)
      && fits(type, other.type) && fits(index, other.index)
  }
}
