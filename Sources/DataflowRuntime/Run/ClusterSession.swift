import DataflowGraph
import Dispatch
import Tensors

/// Runs a graph whose nodes ask for several tasks: a session for each task, which send each other what
/// they need.
///
///     let x = graph.placeholder(.float32, ["rows", 3])
///     let y = graph.withDevice("/job:worker/task:1") { tanh(x) }
///     let cluster = try ClusterSession(graph)
///     let result = try cluster.run([y], feeds: [x: input])
///
/// The tasks are sessions of this process; each computes on as many threads as its options say. Results
/// have the bits that one session gives. Safe to call from several threads: runs take turns, and one that waits, for
/// a queue say, keeps its turn. What one run waits for and another brings is for sessions of their own.
public final class ClusterSession: Sendable {
  public let partition: GraphPartition
  /// In the order of the parts.
  private let sessions: [Session]
  private let queues: [DispatchQueue]
  private let rendezvous = Rendezvous()
  /// Holds an empty element while nothing runs.
  private let turn = TensorQueue(capacity: 1)

  /// - Parameters:
  ///   - defaultTask: where nodes are that ask for no task.
  ///   - options: how the session of a task computes, by the task's name; their rendezvous is the
  ///     cluster's.
  /// - Throws: `GraphError` where the graph cannot be cut.
  public init(
    _ graph: Graph, defaultTask: DeviceName = DeviceName(),
    options: (DeviceName) -> SessionOptions = { _ in SessionOptions() }
  ) throws {
    partition = try GraphPartition(graph, defaultTask: defaultTask)
    var sessions: [Session] = []
    for part in partition.parts {
      var own = options(part.task)
      own.rendezvous = rendezvous
      sessions.append(Session(part.graph, options: own))
    }
    self.sessions = sessions
    queues = partition.parts.map { DispatchQueue(label: "\($0.task)") }
    _ = try turn.enqueue([[]])
  }

  /// Computes `fetches`, runs `targets`, and whatever they need.
  ///
  /// - Parameter cancellation: ends the run early, also while it waits for its turn.
  /// - Returns: the fetched values.
  /// - Throws: what a task's session throws; the others' runs are ended then.
  public func run(
    _ fetches: [Value], feeds: [Value: Tensor] = [:], targets: [Node] = [],
    cancellation: Cancellation? = nil
  ) throws -> [Tensor] {
    let ordered = feeds.keys.sorted { ($0.node.id, $0.index) < ($1.node.id, $1.index) }
    let shares = try partition.shares(feeds: ordered, fetches: fetches, targets: targets)
    let sizes = try partition.sizes(fixedBy: feeds)
    _ = try turn.dequeue(1, cancellation: cancellation)
    defer { _ = try? turn.enqueue([[]]) }
    defer { rendezvous.clear() }
    let outcome = Outcome(count: fetches.count, deadline: cancellation?.deadline)
    let number = cancellation?.onCancel { outcome.cancellation.cancel() }
    defer { if let number { cancellation?.remove(number) } }
    let group = DispatchGroup()
    for share in shares {
      queues[share.part].async(group: group) { [sessions] in
        outcome.note(share) {
          try sessions[share.part].run(share, feeds, sizes, outcome.cancellation)
        }
      }
    }
    group.wait()
    return try outcome.tensors()
  }

  /// Gives every variable its initial value.
  public func initializeVariables() throws {
    let variables = partition.graph.variables
    _ = try run([], targets: variables.map(\.initializer))
  }

  /// What a variable of the uncut graph holds.
  public func value(of variable: Variable) throws -> Tensor { try run([variable.value])[0] }
}

extension Session {
  fileprivate func run(
    _ share: GraphPartition.Share, _ tensors: [Value: Tensor], _ sizes: [String: Int],
    _ cancellation: Cancellation
  ) throws -> [Tensor] {
    let feeds = share.feeds.map { ($0.own, tensors[$0.whole]!) }
    return try run(
      share.fetches.map(\.own), feeds: Dictionary(uniqueKeysWithValues: feeds),
      targets: share.targets, options: RunOptions(cancellation: cancellation, sizes: sizes))
  }
}

/// What the tasks of one run have brought.
private final class Outcome: Sendable {
  private struct State {
    var tensors: [Tensor?]
    var error: (any Error)?
  }

  let cancellation: Cancellation
  private let state: Guarded<State>

  init(count: Int, deadline: ContinuousClock.Instant?) {
    cancellation = Cancellation(deadline: deadline)
    state = Guarded(State(tensors: Array(repeating: nil, count: count)))
  }

  /// Keeps what `body` returns; the first error ends all the tasks.
  func note(_ share: GraphPartition.Share, _ body: () throws -> [Tensor]) {
    do {
      let results = try body()
      state.withLock { state in
        for (fetch, result) in zip(share.fetches, results) {
          state.tensors[fetch.position] = result
        }
      }
    } catch {
      state.withLock { $0.error = $0.error ?? error }
      cancellation.cancel()
    }
  }

  func tensors() throws -> [Tensor] {
    try state.withLock { state in
      if let error = state.error { throw error }
      return state.tensors.map { $0! }
    }
  }
}
