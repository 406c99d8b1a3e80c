import DataflowGraph
import Tensors

/// A graph cut into one for each task that its nodes ask for, with a `Send` and a `Recv` for each tensor
/// and each task that wants it from another.
///
/// Sizes that another task finds out are sent too, and so is that a node is done, for control inputs; those that
/// feeds fix are told to every task's run. Nodes that ask for no task are in the default one; nodes that must
/// be together are.
///
///     let partition = try GraphPartition(graph)
///     let shares = try partition.shares(feeds: [x], fetches: [loss], targets: [training])
///     let options = RunOptions(sizes: try partition.sizes(fixedBy: feeds))
///     // each share is run by a session of its own for partition.parts[share.part].graph
public struct GraphPartition: Sendable {
  /// What one task has of the graph.
  public struct Part: Sendable {
    /// Job, replica and task.
    public let task: DeviceName
    public let graph: Graph
  }

  /// What one task does in a run.
  public struct Share: Sendable {
    /// The position among the parts.
    public let part: Int
    /// The part's values that are fed, and what of the whole they stand for.
    public var feeds: [(own: Value, whole: Value)] = []
    /// The part's values that are fetched, and their places among all fetches.
    public var fetches: [(own: Value, position: Int)] = []
    /// The part's targets; what it sends is among them.
    public var targets: [Node] = []
  }

  /// The uncut graph.
  public let graph: Graph
  /// Sorted by their tasks.
  public let parts: [Part]
  private let placeOf: [Node: Int]
  private let copies: [Node: Node]
  /// Of each `Recv`, the `Send` and where it is.
  private let senders: [Node: (part: Int, node: Node)]

  /// - Parameter defaultTask: where nodes are that ask for no task; what it leaves open is
  ///   `/job:localhost/replica:0/task:0`.
  /// - Throws: `GraphError` for nodes that must be together and ask for different tasks, and for what another task
  ///   wants though it may not be computed, since it is on a branch of a `Switch`.
  public init(_ graph: Graph, defaultTask: DeviceName = DeviceName()) throws {
    self.graph = graph
    let standard = defaultTask.completed(by: DeviceName(job: "localhost", replica: 0, task: 0))
    var taskOf: [Node: DeviceName] = [:]
    for group in companions(graph.nodes) {
      let task = try wantedDevice(group).completed(by: standard).taskOnly
      for node in group { taskOf[node] = task }
    }
    let tasks = Set(taskOf.values).sorted { $0.sortingKey < $1.sortingKey }
    let number = Dictionary(uniqueKeysWithValues: tasks.enumerated().map { ($1, $0) })
    placeOf = taskOf.mapValues { number[$0]! }
    var cutting = GraphCutting(graph, tasks: tasks, placeOf: placeOf)
    try cutting.cut()
    parts = zip(tasks, cutting.parts).map(Part.init)
    copies = cutting.copies
    senders = cutting.senders
  }

  /// The part that has a node, and its copy there.
  public subscript(node: Node) -> (part: Int, node: Node) { (placeOf[node]!, copies[node]!) }

  /// The part that computes a value, and its copy there.
  public subscript(value: Value) -> (part: Int, value: Value) {
    let (part, node) = self[value.node]
    return (part, node[value.index])
  }

  /// What each task does so that the whole does what a session of the uncut graph would; tasks that have
  /// nothing to do are left out.
  ///
  /// - Throws: `GraphError` where the tasks would wait for each other.
  public func shares(
    feeds: [Value] = [], fetches: [Value] = [], targets: [Node] = []
  ) throws -> [Share] {
    var shares = parts.indices.map { Share(part: $0) }
    for feed in feeds {
      let (part, own) = self[feed]
      shares[part].feeds.append((own, feed))
    }
    for (position, fetch) in fetches.enumerated() {
      let (part, own) = self[fetch]
      shares[part].fetches.append((own, position))
    }
    for target in targets {
      let (part, own) = self[target]
      shares[part].targets.append(own)
    }
    addSends(to: &shares)
    let busy = shares.filter { !$0.fetches.isEmpty || !$0.targets.isEmpty }
    try checkProgress(busy)
    return busy
  }

  /// The sizes that feeds fix in all tasks, fed there or not.
  ///
  /// - Throws: `GraphError` that names the feed whose type or shape does not fit.
  public func sizes(fixedBy feeds: [Value: Tensor]) throws -> [String: Int] {
    let ordered = feeds.sorted { ($0.key.node.id, $0.key.index) < ($1.key.node.id, $1.key.index) }
    var binding = SymbolBinding(ordered.map(\.key))
    return try binding.bind(ordered.map(\.value), among: [:])
  }

  /// What a share runs, in the order of the nodes.
  private func nodes(of share: Share) -> [Node] {
    prune(
      parts[share.part].graph, outputs: share.fetches.map(\.own), targets: share.targets,
      feeds: Set(share.feeds.map(\.own)))
  }

  private func addSends(to shares: inout [Share]) {
    var sent: Set<Node> = []
    var pending = Set(shares.indices)
    while let index = pending.popFirst() {
      for node in nodes(of: shares[index]) {
        guard let sender = senders[node], sent.insert(sender.node).inserted else { continue }
        shares[sender.part].targets.append(sender.node)
        pending.insert(sender.part)
      }
    }
  }

  /// Walks through all shares at once, each in the order its session would take, and finds out whether
  /// they come to an end.
  private func checkProgress(_ shares: [Share]) throws {
    let orders = try shares.map { try order(nodes(of: $0)).nodes }
    var positions = orders.map { _ in 0 }
    var sent: Set<Node> = []
    var hasMoved = true
    while hasMoved {
      hasMoved = false
      for (index, nodes) in orders.enumerated() {
        while positions[index] < nodes.count {
          let node = nodes[positions[index]]
          if let sender = senders[node], !sent.contains(sender.node) { break }
          if node.operation is Send { sent.insert(node) }
          positions[index] += 1
          hasMoved = true
        }
      }
    }
    let stuck = zip(orders, positions).compactMap { nodes, position in
      position < nodes.count ? nodes[position] : nil
    }
    if let first = stuck.first {
      let names = stuck.map(\.name).joined(separator: ", ")
      throw first.error(
        "the tasks would wait for each other at \(names): a control dependency must say whether the"
          + " variables that are written are read before that")
    }
  }
}

extension DeviceName {
  /// Job, replica and task alone.
  fileprivate var taskOnly: DeviceName {
    DeviceName(job: job, replica: replica, task: task)
  }

  fileprivate var sortingKey: (String, Int, Int) { (job ?? "", replica ?? 0, task ?? 0) }
}
