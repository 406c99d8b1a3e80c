import DataflowGraph
import Tensors

/// A plan with memory: everything that a run needs is laid out in flat arrays beforehand.
///
/// When a run's sizes differ from the last one's, shapes are evaluated anew; memory is laid out anew
/// only where something outgrew it.
final class PlanRunner {
  private struct PreparedStep {
    let kernel: any Kernel
    let firstInput: Int
    let firstOutput: Int
    var workspace = UnsafeMutableRawPointer(bitPattern: AlignedStorage.alignment)!
  }

  let plan: Plan
  private let variables: VariableStore
  private let checksMemory: Bool
  private var steps: [PreparedStep] = []
  private var symbols: [String: Int]?
  private var shapes: [Shape] = []
  /// Bytes that planned memory has room for: first the buffers', then the steps' scratch memory.
  private var capacities: [Int]
  private var arena = AlignedStorage(byteCount: 0)
  private var guards: [Int] = []

  /// The steps' inputs and outputs, one after the other.
  private let views: UnsafeMutablePointer<TensorView>
  /// The value that each view shows.
  private let viewValues: [Int]
  private let dimensions: UnsafeMutablePointer<Int>

  init(_ plan: Plan, variables: VariableStore, checksMemory: Bool) throws {
    self.plan = plan
    self.variables = variables
    self.checksMemory = checksMemory
    viewValues = plan.steps.flatMap { $0.inputs + $0.outputs }
    let ranks = viewValues.map { plan.values[$0].spec.shape.rank }
    views = .allocate(capacity: max(1, viewValues.count))
    dimensions = .allocate(capacity: max(1, ranks.reduce(0, +)))
    capacities = Array(repeating: 0, count: plan.buffers.count + plan.steps.count)
    try makeSteps()
    var start = dimensions
    for (index, rank) in ranks.enumerated() {
      (views + index).initialize(
        to: TensorView(base: arena.base, dimensions: start, rank: rank, count: 0))
      start += rank
    }
  }

  deinit {
    views.deallocate()
    dimensions.deallocate()
  }

  private func makeSteps() throws {
    var position = 0
    for step in plan.steps {
      let kernel = try atNode(step.node) {
        try step.node.operation.makeKernel(
          inputs: step.inputs.map { plan.values[$0].spec },
          outputs: step.outputs.map { plan.values[$0].spec })
      }
      steps.append(
        PreparedStep(
          kernel: kernel, firstInput: position, firstOutput: position + step.inputs.count))
      position += step.inputs.count + step.outputs.count
    }
  }

  /// Runs every step and returns the fetched values.
  func run(_ feeds: [Tensor], on executor: any ParallelExecutor) throws -> [Tensor] {
    let sizes = try bindSymbols(plan.feeds, to: feeds)
    if sizes != symbols {
      symbols = nil
      try resolve(sizes)
      symbols = sizes
    }
    try feeds.withPointers { pointers in
      point(atFeeds: pointers)
      if checksMemory { poison() }
      try runSteps(on: executor)
      if checksMemory { try checkGuards() }
    }
    return plan.fetchValues.map { copy($0, feeds: feeds) }
  }

  private func runSteps(on executor: any ParallelExecutor) throws {
    for index in steps.indices {
      let step = steps[index]
      do {
        try step.kernel.run(
          KernelContext(
            inputs: views + step.firstInput, outputs: views + step.firstOutput,
            workspace: step.workspace, executor: executor))
      } catch {
        throw describe(error, at: plan.steps[index].node)
      }
    }
  }

  // MARK: Sizes

  /// Evaluates shapes, lets the kernels prepare, and makes room.
  private func resolve(_ sizes: [String: Int]) throws {
    shapes = try plan.values.map { value in
      Shape(try value.spec.shape.dimensions.map { try $0.evaluated(with: sizes) })
    }
    for (index, value) in viewValues.enumerated() {
      views[index].count = shapes[value].elementCount
      for axis in 0..<shapes[value].rank { views[index].dimensions[axis] = shapes[value][axis] }
    }
    var needed = try plan.buffers.map { buffer in
      if case .arena = buffer.home { try buffer.byteCount.evaluated(with: sizes) } else { 0 }
    }
    for index in steps.indices {
      let step = plan.steps[index]
      let kernelSizes = KernelSizes(
        inputs: step.inputs.map { shapes[$0] }, outputs: step.outputs.map { shapes[$0] },
        symbols: sizes)
      needed.append(try atNode(step.node) { try steps[index].kernel.prepare(kernelSizes) })
    }
    if zip(needed, capacities).contains(where: { $0 > $1 }) || arena.byteCount == 0 {
      makeRoom(for: needed)
    }
  }

  /// Lays the memory out for what is needed now; what has grown before is given some more.
  private func makeRoom(for needed: [Int]) {
    let isFirst = arena.byteCount == 0
    capacities = zip(needed, capacities).map { need, capacity in
      need <= capacity ? capacity : (isFirst ? need : need + need / 4)
    }
    let margin = checksMemory ? AlignedStorage.alignment : 0
    let requests = capacities.enumerated().map { index, bytes in
      index < plan.buffers.count
        ? MemoryRequest(
          byteCount: bytes + (bytes > 0 ? margin : 0), firstStep: plan.buffers[index].firstStep,
          lastStep: plan.buffers[index].lastStep)
        : MemoryRequest(
          byteCount: bytes + (bytes > 0 ? margin : 0), firstStep: index - plan.buffers.count,
          lastStep: index - plan.buffers.count)
    }
    let layout = layOut(requests)
    arena = AlignedStorage(byteCount: max(layout.byteCount, 1))
    point(at: layout)
  }

  // MARK: Pointers

  private func point(at layout: ArenaLayout) {
    for (index, value) in viewValues.enumerated() {
      let buffer = plan.values[value].buffer
      switch plan.buffers[buffer].home {
      case .arena: views[index].base = arena.base + layout.offsets[buffer]
      case .constant(let tensor):
        // The plan keeps the tensor alive, and kernels only read it.
        views[index].base = tensor.withBytes { UnsafeMutableRawPointer(mutating: $0.baseAddress!) }
      case .variable(let node): views[index].base = variables.storage(of: node).base
      case .feed: break
      }
    }
    for index in steps.indices {
      steps[index].workspace = arena.base + layout.offsets[plan.buffers.count + index]
    }
    offsets = layout.offsets
    guards = zip(layout.offsets, capacities).filter { $1 > 0 }.map { $0 + $1 }
  }

  private var offsets: [Int] = []

  private func point(atFeeds pointers: [UnsafeMutableRawPointer]) {
    for (index, value) in viewValues.enumerated() {
      if case .feed(let feed) = plan.buffers[plan.values[value].buffer].home {
        views[index].base = pointers[feed]
      }
    }
  }

  private func copy(_ value: Int, feeds: [Tensor]) -> Tensor {
    let planned = plan.values[value]
    let base: UnsafeMutableRawPointer
    switch plan.buffers[planned.buffer].home {
    case .arena: base = arena.base + offsets[planned.buffer]
    case .constant(let tensor): return tensor.reshaped(to: shapes[value])
    case .feed(let feed): return feeds[feed].reshaped(to: shapes[value])
    case .variable(let node): base = variables.storage(of: node).base
    }
    var result = Tensor(zeros: shapes[value], elementType: planned.spec.elementType)
    result.withMutableBytes { bytes in
      bytes.copyMemory(from: UnsafeRawBufferPointer(start: base, count: bytes.count))
    }
    return result
  }

  // MARK: Errors and checks

  private func atNode<R>(_ node: Node, _ body: () throws -> R) throws -> R {
    do {
      return try body()
    } catch {
      throw describe(error, at: node)
    }
  }

  private func describe(_ error: any Error, at node: Node) -> GraphError {
    node.error((error as? GraphError)?.message ?? "\(error)")
  }

  /// Fills the arena with NaNs, so that an element that is not written is noticed.
  private func poison() {
    arena.base.initializeMemory(as: UInt8.self, repeating: 0xFF, count: arena.byteCount)
  }

  /// Nothing may have been written behind a step's own memory. Only the last step's neighbours are
  /// known to be untouched, so tests run plans of one step.
  private func checkGuards() throws {
    for end in guards {
      let bytes = UnsafeRawBufferPointer(
        start: arena.base + end, count: AlignedStorage.alignment)
      guard plan.steps.count > 1 || bytes.allSatisfy({ $0 == 0xFF }) else {
        throw GraphError("memory behind a buffer was written by \(plan.steps[0].node.name)")
      }
    }
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
