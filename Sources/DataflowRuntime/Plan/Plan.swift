import DataflowGraph
import Tensors

/// What a session does for one choice of feeds, fetches and targets: steps in order, and the buffers
/// they read and write.
public struct Plan {
  /// One node that runs.
  struct Step {
    let node: Node
    /// Indices into `values`.
    let inputs: [Int]
    let outputs: [Int]
    /// The input whose buffer the first output took over.
    let overwrites: Int?
    /// The positions of the steps that the node's control inputs are; where there are branches, also of those that find
    /// out sizes which it needs.
    let controlSteps: [Int]
    /// The values that the other control inputs have, those that are views.
    let controlValues: [Int]
    let device: Int
    /// The epoch in which all sizes that matter to the step are known.
    var epoch = 0

    /// Whether the step finds out sizes, so that an epoch begins with it.
    let isLate: Bool
    /// Whether the step may wait, or finds out sizes.
    let isSpecial: Bool

    init(
      node: Node, inputs: [Int], outputs: [Int], overwrites: Int?, controlSteps: [Int],
      controlValues: [Int], device: Int
    ) {
      self.node = node
      self.inputs = inputs
      self.outputs = outputs
      self.overwrites = overwrites
      self.controlSteps = controlSteps
      self.controlValues = controlValues
      self.device = device
      isLate = node.graph.hasLateSizes && !node.ownLateSymbols.isEmpty
      isSpecial = isLate || node.operation.mayBlock
    }
  }

  /// A tensor: a view of a buffer.
  struct PlannedValue {
    let spec: TensorSpec
    let name: String
    var buffer: Int
    /// The value that was computed, of which this one is a view; its own index if it is no view.
    let root: Int
    /// The epoch in which its sizes are known.
    var epoch = 0
  }

  /// Memory that one or more values lie in.
  struct Buffer {
    enum Home {
      /// Planned memory, from the first step that writes it to the last that reads it.
      case arena
      /// The caller's tensor, by its position among the feeds.
      case feed(Int)
      /// A feed's copy in the memory of a device, which stays there between runs.
      case feedCopy(Int)
      case constant(Tensor)
      case variable(Node)
    }

    let home: Home
    let byteCount: Dimension
    var firstStep: Int
    var lastStep: Int
    /// The device in whose memory it lies.
    let device: Int
    /// The epoch in which its size is known.
    var epoch = 0
  }

  /// Part of a run: it begins with sizes becoming known, at first those of the feeds, then those that
  /// a step finds out. Each has memory of its own, so that it can be laid out while earlier epochs'
  /// values live.
  struct Epoch {
    /// The step that finds out sizes, nil for the feeds' epoch.
    let lateStep: Int?
    var values: [Int] = []
    var buffers: [Int] = []
    var steps: [Int] = []
  }

  let feeds: [Value]
  /// The index in `values` of each fed value, nil where nothing reads it.
  let feedValues: [Int?]
  /// The index in `values` of each fetched value.
  let fetchValues: [Int]
  let values: [PlannedValue]
  let buffers: [Buffer]
  let steps: [Step]
  let epochs: [Epoch]
  /// Whether some values may not be computed, because a `Switch` sends the run another way.
  let hasBranches: Bool
  /// What runs side by side, nil where the steps run in order.
  let taskGraph: TaskGraph?
  /// Of each buffer, the steps that write or read it; empty without tasks.
  let bufferUsers: [[Int]]
  let deviceNames: [DeviceName]
  /// Variables that must hold something before the run. Where there are branches, none here nor in the next: which
  /// steps read and assign variables is known in the run.
  let variablesRead: [Node]
  /// Variables that hold something after it.
  let variablesAssigned: [Node]

  /// The rewritten graph, which the steps' nodes belong to.
  private let graph: Graph

  /// - Throws: `GraphError` where a value belongs to another graph or writes are not ordered.
  init(
    graph: Graph, feeds: [Value], fetches: [Value], targets: [Node], isOptimized: Bool = true,
    isParallel: Bool = false, placement: Placement = Placement()
  ) throws {
    for value in feeds + fetches where value.graph !== graph {
      throw GraphError("\(value.name) belongs to another graph")
    }
    let nodes = prune(graph, outputs: fetches, targets: targets, feeds: Set(feeds))
    let devices = DeviceTable(placement.devices)
    var rewriting = GraphRewriting(
      of: graph, feeds: feeds, isOptimized: isOptimized,
      places: try placement.place(nodes, of: graph), devices: devices)
    try rewriting.copy(nodes)
    if isOptimized { try rewriting.fuse(kept: fetches, targets: targets) }
    let ownFeeds = feeds.map { rewriting[$0] }
    let ownFetches = fetches.map { rewriting[$0] }
    let kept = prune(
      rewriting.target, outputs: ownFetches, targets: targets.map { rewriting[$0] },
      feeds: Set(ownFeeds))
    var builder = PlanBuilder(
      try order(kept, fetches: ownFetches), feeds: ownFeeds, fetches: ownFetches, devices)
    builder.build()
    self.graph = rewriting.target
    deviceNames = devices.names
    self.feeds = feeds
    feedValues = ownFeeds.map { builder.indices[$0] }
    fetchValues = ownFetches.map { builder.indices[$0]! }
    values = builder.values
    buffers = builder.buffers
    steps = builder.steps
    epochs = builder.epochs
    hasBranches = builder.hasBranches
    taskGraph = isParallel ? builder.taskGraph() : nil
    bufferUsers = builder.users
    variablesRead = builder.variablesRead
    variablesAssigned = builder.variablesAssigned
  }
}
