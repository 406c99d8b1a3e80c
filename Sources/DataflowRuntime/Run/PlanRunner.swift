import DataflowGraph
import Tensors

/// A plan with memory: everything that a run needs is laid out in flat arrays beforehand.
///
/// When sizes differ from the last run's, shapes are evaluated anew; memory is laid out anew only
/// where something outgrew it. One run at a time.
final class PlanRunner {
  struct PreparedStep {
    let kernel: any Kernel
    let firstInput: Int
    let firstOutput: Int
    /// Behind the last output.
    let end: Int
    var workspace = UnsafeMutableRawPointer(bitPattern: AlignedStorage.alignment)!
    /// The names of the sizes that the step finds out, made in its first run.
    var lateSymbols: [String] = []
  }

  let plan: Plan
  let environment: RunEnvironment
  // Runs take turns; looking whether someone else uses what the steps are prepared with took a quarter
  // of the time that preparing takes.
  @exclusivity(unchecked) var steps: [PreparedStep] = []
  @exclusivity(unchecked) var shapes: [Shape]
  /// Of each step what its kernel prepares for: changed in place, since most sizes stay.
  @exclusivity(unchecked) var kernelSizes: [KernelSizes]
  /// Of each step the bytes of scratch memory that its kernel wants.
  @exclusivity(unchecked) var scratch: [Int]
  let sizes: SizeTable
  var memories: [EpochMemory]
  let state = RunState()
  private let scheduler: TaskScheduler?
  /// Of each value, whether this run does not compute it.
  private var isDead: [Bool]
  private var isStepDead: [Bool]
  /// Where there are branches, why steps cannot run with the sizes as they are.
  var failures: [Int: any Error] = [:]
  /// The memory of the devices that have their own.
  let spaces: [any DeviceMemory]
  var deferredKernels: [any DeferredKernel] = []
  /// Constants on devices with memory of their own.
  var constants: [Int: any DeviceBlock] = [:]
  /// Where the variables' buffers were when views were made to show them; nowhere before the first run, since
  /// only a run may move them.
  var seenGeneration = -1
  /// Of each copy of a feed that stays on a device, by its buffer, what makes it.
  var feedCopies: [Int: TransferKernel] = [:]
  /// The last run's feeds where there are such copies: as long as they live, nothing else lies where they do.
  private var lastFeeds: [Tensor] = []
  private var lastFeedShapes: [Shape]?
  private var symbolBinding: SymbolBinding
  /// How often kernels were prepared.
  @exclusivity(unchecked) var preparations = 0
  /// Whether a run found all variables that it reads initialized, and initialized those that it assigns: they
  /// stay so.
  var hasFoundVariables = false
  /// What runs in order, where some of it may be recorded.
  private var sequence: [PlannedWork]?
  /// What devices write to until the run has waited for them.
  var results: [AlignedStorage] = []

  /// The steps' inputs and outputs, one after the other.
  let views: UnsafeMutablePointer<TensorView>
  /// The value that each view shows.
  let viewValues: [Int]
  /// The views of each feed.
  private var feedViews: [(view: Int, feed: Int)] = []
  private let dimensions: UnsafeMutablePointer<Int>

  /// - Parameter callers: the nodes that call the function which the plan is of, from the outside, each with a bar.
  init(_ plan: Plan, _ environment: RunEnvironment, callers: String = "") throws {
    self.plan = plan
    self.environment = environment
    viewValues = plan.steps.flatMap { $0.inputs + $0.outputs }
    let ranks = viewValues.map { plan.values[$0].spec.shape.rank }
    views = .allocate(capacity: max(1, viewValues.count))
    dimensions = .allocate(capacity: max(1, ranks.reduce(0, +)))
    shapes = Array(repeating: .scalar, count: plan.values.count)
    kernelSizes = plan.steps.map {
      KernelSizes(
        inputs: $0.inputs.map { _ in .scalar }, outputs: $0.outputs.map { _ in .scalar },
        symbols: [:])
    }
    scratch = Array(repeating: 0, count: plan.steps.count)
    sizes = SizeTable(plan)
    symbolBinding = SymbolBinding(plan.feeds)
    scheduler = plan.taskGraph.map { TaskScheduler($0, limit: environment.interOpThreads) }
    let devices = environment.placement.devices
    memories = plan.epochs.map { EpochMemory($0, plan, environment.placement) }
    let used = Set(plan.steps.map(\.device) + plan.buffers.map(\.device))
    spaces = used.sorted().compactMap { devices[$0].memory }
    isDead = Array(repeating: false, count: plan.hasBranches ? plan.values.count : 0)
    isStepDead = Array(repeating: false, count: plan.hasBranches ? plan.steps.count : 0)
    try makeSteps(callers)
    var start = dimensions
    for (index, rank) in ranks.enumerated() {
      (views + index).initialize(
        to: TensorView(base: memories[0].start, dimensions: start, rank: rank, count: 0))
      start += rank
      let buffer = plan.buffers[plan.values[viewValues[index]].buffer]
      if case .feed(let feed) = buffer.home { feedViews.append((index, feed)) }
    }
    sequence = makeSequence()
  }

  deinit {
    // What was recorded is of kernels that the steps own.
    sequence = nil
    views.deallocate()
    dimensions.deallocate()
  }

  private func makeSteps(_ callers: String) throws {
    var position = 0
    var isRead = Array(repeating: false, count: plan.values.count)
    for step in plan.steps { for input in step.inputs { isRead[input] = true } }
    for fetch in plan.fetchValues { isRead[fetch] = true }
    for value in plan.values.indices where isRead[value] { isRead[plan.values[value].root] = true }
    for step in plan.steps {
      let site = KernelSite(
        node: step.node, inputs: step.inputs.map { plan.values[$0].spec },
        outputs: step.outputs.map { plan.values[$0].spec },
        isOutputUsed: step.outputs.map { isRead[$0] }, resources: environment.resources,
        callers: callers,
        makeRunner: { [environment] in
          try FunctionPlanRunner(
            $0, on: $1, environment, callers: "\(callers)\(step.node.name)|")
        })
      let kernel = try atNode(step.node) {
        try transfer(of: step)
          ?? environment.placement.devices[step.device].makeKernel(at: site)
      }
      if let transfer = kernel as? TransferKernel, let output = step.outputs.first,
        case .feedCopy = plan.buffers[plan.values[output].buffer].home
      {
        feedCopies[plan.values[output].buffer] = transfer
      }
      if let deferred = kernel as? any DeferredKernel { deferredKernels.append(deferred) }
      steps.append(
        PreparedStep(
          kernel: kernel, firstInput: position, firstOutput: position + step.inputs.count,
          end: position + step.inputs.count + step.outputs.count))
      position += step.inputs.count + step.outputs.count
    }
  }

  /// Runs every step and returns the fetched values.
  ///
  /// - Parameter symbols: sizes that are known around the plan, where it is a function's or a task's.
  func run(
    _ feeds: [Tensor], symbols: [String: Int] = [:], on executor: any ParallelExecutor,
    _ control: RunControl
  ) throws -> [Tensor] {
    environment.variables.runs.add(1, ordering: .relaxed)
    defer { environment.variables.runs.subtract(1, ordering: .relaxed) }
    if seenGeneration != environment.variables.generation { try pointAtStored() }
    try bindFeeds(feeds, symbols)
    let lastFeeds = lastFeeds
    if !feedCopies.isEmpty { self.lastFeeds = feeds }
    defer { withExtendedLifetime(lastFeeds) {} }
    state.cancellation = control.cancellation
    state.trace = control.trace
    return try feeds.withPointers { pointers in
      // Only this run's feeds live on, those of them that are nobody else's.
      defer { if !feedCopies.isEmpty { forgetFeeds(unlessAmong: lasting(feeds, pointers)) } }
      for (view, feed) in feedViews { views[view].base = pointers[feed] }
      if environment.checksMemory { for memory in memories { try memory.poison() } }
      do {
        try walk(on: executor, control)
        if environment.checksMemory { try checkGuards() }
        let results = try plan.fetchValues.map { try copy($0, feeds: feeds) }
        if !spaces.isEmpty { try awaitDevices() }
        return results
      } catch {
        if !spaces.isEmpty { abandonDevices() }
        throw error
      }
    }
  }

  private func bindFeeds(_ feeds: [Tensor], _ symbols: [String: Int]) throws {
    let isKnown =
      plan.epochs.count == 1 && symbols.isEmpty && lastFeedShapes?.count == feeds.count
      && zip(lastFeedShapes!, feeds).allSatisfy { $0 == $1.shape }
    if isKnown { return try symbolBinding.checkTypes(of: feeds) }
    lastFeedShapes = nil
    let symbolCount = state.symbols.count
    state.symbols = try symbolBinding.bind(feeds, among: symbols)
    // Room for the sizes that steps find out, as in the last run.
    state.symbols.reserveCapacity(symbolCount)
    try resolve(0)
    if symbols.isEmpty { lastFeedShapes = feeds.map(\.shape) }
  }

  // MARK: Steps

  private func walk(on executor: any ParallelExecutor, _ control: RunControl) throws {
    if plan.hasBranches { return try walkBranches(on: executor, control) }
    guard let lanes = control.lanes, let scheduler, let tasks = plan.taskGraph else {
      guard let sequence else {
        for index in steps.indices { try run(index, on: executor, control) }
        return
      }
      for work in sequence {
        switch work {
        case .step(let index): try run(index, on: executor, control)
        case .recording(let recording): try run(recording, on: executor, control)
        }
      }
      return
    }
    for index in 0..<tasks.firstStep { try run(index, on: executor, control) }
    try lanes.run(scheduler) { task, lane in
      for index in tasks.tasks[task] where !scheduler.isOver {
        do {
          try run(index, on: lane, control)
        } catch {
          return scheduler.fail(error, at: index)
        }
      }
    }
  }

  @inline(__always)
  func run(
    _ index: Int, on executor: any ParallelExecutor, _ control: RunControl
  ) throws {
    if let trace = control.trace, !(plan.steps[index].node.operation is SlicedCall) {
      let start = ContinuousClock.now
      try runStep(index, on: executor, control)
      try environment.placement.devices[plan.steps[index].device].memory?.synchronize()
      let end = ContinuousClock.now
      trace.record(
        TracedStep(plan: plan, index: index, shapes: shapes, symbols: state.symbols), from: start,
        to: end)
    } else {
      try runStep(index, on: executor, control)
    }
  }

  @inline(__always)
  private func runStep(
    _ index: Int, on executor: any ParallelExecutor, _ control: RunControl
  ) throws {
    do {
      if control.cancellation != nil { try state.check() }
      if plan.steps[index].isSpecial { return try runSpecial(index, on: executor, control) }
      try steps[index].kernel.run(context(of: index, executor))
    } catch {
      throw describe(error, at: plan.steps[index].node)
    }
  }

  @inline(__always)
  private func context(of index: Int, _ executor: any ParallelExecutor) -> KernelContext {
    KernelContext(
      inputs: views + steps[index].firstInput, outputs: views + steps[index].firstOutput,
      workspace: steps[index].workspace, executor: executor, state: state)
  }

  /// Runs a step that may wait, or that finds out sizes.
  private func runSpecial(
    _ index: Int, on executor: any ParallelExecutor, _ control: RunControl
  ) throws {
    let step = plan.steps[index]
    if step.isLate { try checkEqualSizes(of: index) }
    let mayBlock = step.node.operation.mayBlock
    if mayBlock { control.turn?.leave() }
    defer { if mayBlock { control.turn?.enter() } }
    guard step.isLate else { return try steps[index].kernel.run(context(of: index, executor)) }
    guard let kernel = steps[index].kernel as? any LateSizeKernel else {
      throw GraphError("has sizes that its kernel does not find out")
    }
    let sizes = try kernel.measure(context(of: index, executor))
    if steps[index].lateSymbols.isEmpty {
      steps[index].lateSymbols = sizes.indices.map { step.node.lateSymbol($0) }
    }
    for (symbol, size) in zip(steps[index].lateSymbols, sizes) {
      let known = state.symbols.updateValue(size, forKey: symbol)
      if let known, known != size { try symbolBinding.check(symbol, isFound: size) }
    }
    if let epoch = plan.epochs.firstIndex(where: { $0.lateStep == index }) { try resolve(epoch) }
    if let failure = failures[index] { throw failure }
    try kernel.run(context(of: index, executor))
  }

  // MARK: Branches

  /// Runs the steps whose inputs are computed and whose control inputs have run; what depends on others does not run
  /// either. A `Merge` wants one of its inputs and a `ControlTrigger` none: they only wait for their control inputs.
  private func walkBranches(on executor: any ParallelExecutor, _ control: RunControl) throws {
    for index in isDead.indices { isDead[index] = false }
    for index in steps.indices {
      let step = plan.steps[index]
      let alive = step.inputs.indices.first { !isDead[plan.values[step.inputs[$0]].root] }
      switch step.node.operation {
      case is Merge: isStepDead[index] = alive == nil
      case is ControlTrigger: isStepDead[index] = false
      default:
        isStepDead[index] =
          step.inputs.contains { isDead[plan.values[$0].root] }
          || step.controlSteps.contains { isStepDead[$0] }
          || step.controlValues.contains { isDead[plan.values[$0].root] }
      }
      if isStepDead[index] {
        for output in step.outputs { isDead[output] = true }
        continue
      }
      var read = step.inputs[...]
      if let alive, step.node.operation is Merge {
        (steps[index].kernel as? MergeKernel)?.liveInput = alive
        read = read[alive...alive]
      }
      try checkSizes(ofStep: index, reading: read)
      let assigned = step.node.operation is Assign ? variable(of: read.removeFirst()) : nil
      for variable in read.compactMap({ variable(of: $0) }) {
        try environment.variables.checkInitialized(variable)
      }
      try run(index, on: executor, control)
      if let assigned { environment.variables.markInitialized(assigned) }
      if let kernel = steps[index].kernel as? SwitchKernel {
        isDead[step.outputs[1 - kernel.liveOutput(context(of: index, executor))]] = true
      }
    }
  }

  /// The variable in whose buffer a value lies.
  private func variable(of value: Int) -> Node? {
    guard case .variable(let node) = plan.buffers[plan.values[value].buffer].home else {
      return nil
    }
    return node
  }

  // MARK: Results

  private func copy(_ value: Int, feeds: [Tensor]) throws -> Tensor {
    let planned = plan.values[value]
    if plan.hasBranches {
      if isDead[planned.root] {
        throw GraphError("\(planned.name) was not computed: it is on a branch that was not taken")
      }
      if let variable = variable(of: value) {
        try environment.variables.checkInitialized(variable)
      }
      try checkCount(of: value)
    }
    let buffer = plan.buffers[planned.buffer]
    let base: UnsafeMutableRawPointer
    switch buffer.home {
    case .arena: base = memories[buffer.epoch].base(ofBuffer: planned.buffer)
    case .constant(let tensor): return tensor.reshaped(to: shapes[value])
    case .feed(let feed), .feedCopy(let feed): return feeds[feed].reshaped(to: shapes[value])
    case .variable(let node):
      base = try environment.variables.block(of: node, on: buffer.device).base
    }
    let bytes = shapes[value].elementCount * planned.spec.elementType.size
    let storage = AlignedStorage(uninitialized: bytes)
    if let space = environment.placement.devices[buffer.device].memory {
      // It is there when the run has waited for its devices.
      results.append(storage)
      if bytes > 0 { try space.download(base, to: storage.base, byteCount: bytes) }
    } else {
      storage.base.copyMemory(from: base, byteCount: bytes)
    }
    return Tensor(storage: storage, shape: shapes[value], elementType: planned.spec.elementType)
  }

  // MARK: Errors

  func atNode<R>(_ node: Node, _ body: () throws -> R) throws -> R {
    do {
      return try body()
    } catch {
      throw describe(error, at: node)
    }
  }

  /// The error with the node's name; interruptions stay what they are.
  func describe(_ error: any Error, at node: Node) -> any Error {
    if error is RunInterruption || error is QueueEnded { return error }
    let graphError = error as? GraphError
    if let graphError, graphError.node != nil { return graphError }
    return node.error(graphError?.message ?? "\(error)")
  }
}

extension [Tensor] {
  /// Calls `body` with where the tensors' elements are, which nobody may write.
  fileprivate func withPointers<R>(_ body: ([UnsafeMutableRawPointer]) throws -> R) rethrows -> R {
    let pointers = map { $0.withBytes { UnsafeMutableRawPointer(mutating: $0.baseAddress!) } }
    defer { withExtendedLifetime(self) {} }
    return try body(pointers)
  }
}
