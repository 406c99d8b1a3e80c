import DataflowGraph
import Tensors

/// How a session computes.
public struct SessionOptions: Sendable {
  /// Operations that run at a time; 0 for as many as the process may use threads.
  public var interOpParallelismThreads: Int
  /// Threads that share the work inside one operation, the caller's included; 0 for as many as the
  /// process may use.
  public var intraOpParallelismThreads: Int

  /// Poisons memory before each run and looks for writes beyond buffers after it.
  package var checksMemory = false

  /// Whether plans fold, merge and fuse operations; results have the same bits either way.
  public var isOptimized = true

  /// The devices that graphs are placed on.
  public var placement = Placement()

  /// Where this session's tensors meet those of others, `Send` and `Recv`; its own if nil.
  public var rendezvous: Rendezvous?

  /// A session computes on as many threads as the larger of the two numbers says, never on more.
  public init(intraOpParallelismThreads: Int = 1, interOpParallelismThreads: Int = 1) {
    self.interOpParallelismThreads = interOpParallelismThreads
    self.intraOpParallelismThreads = intraOpParallelismThreads
  }
}

/// Runs a graph and holds its variables.
///
///     let session = Session(graph)
///     try session.initializeVariables()
///     let result = try session.run([y], feeds: [x: Tensor(shape: [1, 3], scalars: [1, 2, 3])])
///
/// Safe to call from several threads: runs of one session take turns, but a run that waits, for a queue
/// say, lets others have theirs.
public final class Session: @unchecked Sendable {
  public let graph: Graph
  private let options: SessionOptions
  private let executor: any ParallelExecutor
  private let lanes: LaneSet?
  private let environment: RunEnvironment
  private let turn = Turn()
  // Used only by who has the turn.
  private var idleRunners: [PlanKey: [PlanRunner]] = [:]

  private struct PlanKey: Hashable {
    let feeds: [Value]
    let fetches: [Value]
    let targets: [Node]
  }

  /// - Precondition: no number of threads in `options` is negative.
  public init(_ graph: Graph, options: SessionOptions = SessionOptions()) {
    func count(_ threads: Int) -> Int { threads == 0 ? ThreadCount.available : threads }
    let inter = count(options.interOpParallelismThreads)
    let intra = count(options.intraOpParallelismThreads)
    let pool = ComputePool(threads: max(inter, intra))
    self.graph = graph
    self.options = options
    executor = intra < pool.threads ? PoolShare(of: pool, threads: intra) : pool
    lanes = inter > 1 ? LaneSet(pool, interOpThreads: inter, intraOpThreads: intra) : nil
    environment = RunEnvironment(
      checksMemory: options.checksMemory, interOpThreads: inter, placement: options.placement)
    if let rendezvous = options.rendezvous { environment.resources.use(rendezvous) }
  }

  /// A session that computes on threads which others use too, one operation at a time.
  public convenience init(_ graph: Graph, executor: any ParallelExecutor) {
    self.init(graph, SessionOptions(), executor: executor)
  }

  /// A session that computes on one thread and checks what kernels do to memory, for tests.
  package convenience init(checking graph: Graph, executor: any ParallelExecutor) {
    var options = SessionOptions()
    options.checksMemory = true
    options.isOptimized = false
    self.init(graph, options, executor: executor)
  }

  private init(_ graph: Graph, _ options: SessionOptions, executor: any ParallelExecutor) {
    self.graph = graph
    self.options = options
    self.executor = executor
    lanes = nil
    environment = RunEnvironment(
      checksMemory: options.checksMemory, interOpThreads: 1, placement: options.placement)
  }

  /// Queues, stacks and the like that this session holds.
  package var resources: ResourceStore { environment.resources }

  /// Computes `fetches`, runs `targets`, and whatever they need.
  ///
  /// What waits in one run waits one after the other: what puts something into a queue before what takes it out, one for
  /// one, unless it depends on that. Where a full queue has to be emptied first, take runs on two threads.
  ///
  /// Subnormal numbers (below 1.2e-38 in single precision) count as zero where the processor computes, as they do
  /// in TensorFlow.
  ///
  /// A run that throws may have written variables before. What a device finds wrong with its operands, such as an index
  /// out of range, is known at the end of the run: what comes after that is written too.
  ///
  /// - Parameters:
  ///   - feeds: tensors that take the place of values, placeholders or others.
  ///   - options: how the run is watched and ended.
  ///   - executor: what this run computes on instead of the session's own threads.
  /// - Returns: the fetched values; of a variable, what it holds after the run.
  /// - Throws: `GraphError` that names the feed or the node; `RunInterruption` for a run that was
  ///   cancelled or took too long; `QueueEnded` for one that wants more than a queue has left, or puts something
  ///   into one that is closed.
  public func run(
    _ fetches: [Value], feeds: [Value: Tensor] = [:], targets: [Node] = [],
    options: RunOptions = RunOptions(), on executor: (any ParallelExecutor)? = nil
  ) throws -> [Tensor] {
    try FloatingPointMode.flushing {
      try compute(fetches, feeds, targets, options, on: executor)
    }
  }

  private func compute(
    _ fetches: [Value], _ feeds: [Value: Tensor], _ targets: [Node], _ options: RunOptions,
    on executor: (any ParallelExecutor)?
  ) throws -> [Tensor] {
    let ordered =
      feeds.count < 2
      ? Array(feeds)
      : feeds.sorted { ($0.key.node.id, $0.key.index) < ($1.key.node.id, $1.key.index) }
    let key = PlanKey(feeds: ordered.map(\.key), fetches: fetches, targets: targets)
    turn.enter()
    defer { turn.leave() }
    let runner = try idleRunners[key]?.popLast() ?? makeRunner(for: key)
    defer { idleRunners[key, default: []].append(runner) }
    if !runner.hasFoundVariables {
      for node in runner.plan.variablesRead {
        try environment.variables.checkInitialized(node)
      }
    }
    let results = try runner.run(
      ordered.map(\.value), symbols: options.sizes, on: executor ?? self.executor,
      RunControl(
        cancellation: options.cancellation, trace: options.trace,
        lanes: executor == nil ? lanes : nil, turn: turn))
    if !runner.hasFoundVariables {
      for node in runner.plan.variablesAssigned { environment.variables.markInitialized(node) }
      runner.hasFoundVariables = true
    }
    return results
  }

  /// As `run`, but nil where a queue that the run takes from or puts into has ended.
  ///
  ///     while let batch = try session.runUnlessEnded([features, energies]) { … }
  public func runUnlessEnded(
    _ fetches: [Value], feeds: [Value: Tensor] = [:], targets: [Node] = [],
    options: RunOptions = RunOptions()
  ) throws -> [Tensor]? {
    do {
      return try run(fetches, feeds: feeds, targets: targets, options: options)
    } catch is QueueEnded {
      return nil
    }
  }

  /// What the session does for the given feeds, fetches and targets.
  public func plan(feeds: [Value] = [], fetches: [Value], targets: [Node] = []) throws -> Plan {
    let ordered = feeds.sorted { ($0.node.id, $0.index) < ($1.node.id, $1.index) }
    return try Plan(
      graph: graph, feeds: ordered, fetches: fetches, targets: targets,
      isOptimized: options.isOptimized, isParallel: lanes != nil, placement: options.placement)
  }

  /// The steps of a plan, one a line; below a call of a function for slices those of the function, indented.
  ///
  /// - Throws: as `plan`.
  public func planDescription(
    feeds: [Value] = [], fetches: [Value], targets: [Node] = []
  ) throws -> String {
    try plan(feeds: feeds, fetches: fetches, targets: targets)
      .description(withSlicesPlacedBy: options.placement)
  }

  /// Calls `body` with what runs a plan, where it has run and does not now.
  func withRunner<R>(
    feeds: [Value], fetches: [Value], targets: [Node], _ body: (PlanRunner) throws -> R
  ) rethrows -> R? {
    let ordered = feeds.sorted { ($0.node.id, $0.index) < ($1.node.id, $1.index) }
    let key = PlanKey(feeds: ordered, fetches: fetches, targets: targets)
    turn.enter()
    defer { turn.leave() }
    return try idleRunners[key]?.last.map(body)
  }

  private func makeRunner(for key: PlanKey) throws -> PlanRunner {
    let plan = try Plan(
      graph: graph, feeds: key.feeds, fetches: key.fetches, targets: key.targets,
      isOptimized: options.isOptimized, isParallel: lanes != nil, placement: options.placement)
    return try PlanRunner(plan, environment)
  }

  /// Gives every variable of the graph its initial value.
  public func initializeVariables() throws {
    _ = try run([], targets: graph.variables.map(\.initializer))
  }

  /// What a variable holds.
  public func value(of variable: Variable) throws -> Tensor { try run([variable.value])[0] }

  /// Sets a variable.
  ///
  /// - Throws: `GraphError` where type or shape differ.
  public func assign(_ tensor: Tensor, to variable: Variable) throws {
    let spec = variable.value.spec
    guard spec.elementType == tensor.elementType, spec.shape == SymbolicShape(tensor.shape) else {
      throw GraphError(
        "variable \(variable.name) is \(spec), got \(tensor.elementType)\(tensor.shape)")
    }
    turn.enter()
    defer { turn.leave() }
    try environment.variables.assign(tensor, to: variable.value.node)
  }
}
