import DataflowGraph
import Tensors

extension PlanRunner {
  /// Evaluates the shapes of one epoch, lets its kernels prepare, and makes room.
  func resolve(_ index: Int) throws {
    let epoch = plan.epochs[index]
    if memories[index].symbols == state.symbols { return }
    memories[index].symbols = nil
    for value in epoch.values { shapes[value] = try shape(of: plan.values[value]) }
    if plan.epochs.count == 1 {
      for view in viewValues.indices { show(view) }
    } else {
      for (view, value) in viewValues.enumerated() where plan.values[value].epoch == index {
        show(view)
      }
    }
    var needed: [Int] = []
    needed.reserveCapacity(epoch.buffers.count + epoch.steps.count)
    for buffer in epoch.buffers {
      guard case .arena = plan.buffers[buffer].home else {
        needed.append(0)
        continue
      }
      needed.append(try plan.buffers[buffer].byteCount.evaluated(with: state.symbols))
    }
    for step in epoch.steps { needed.append(try prepare(step)) }
    if memories[index].makeRoom(for: needed, plan, environment) { point(at: index) }
    memories[index].symbols = state.symbols
  }

  private func shape(of value: Plan.PlannedValue) throws -> Shape {
    let shape = Shape(
      try value.spec.shape.dimensions.map { try $0.evaluated(with: state.symbols) })
    let root = plan.values[value.root]
    guard root.name != value.name else { return shape }
    let count = try root.spec.shape.elementCount.evaluated(with: state.symbols)
    guard shape.elementCount == count else {
      throw GraphError("\(value.name): \(count) elements cannot have the shape \(shape)")
    }
    return shape
  }

  private func show(_ view: Int) {
    let shape = shapes[viewValues[view]]
    views[view].count = shape.elementCount
    for axis in 0..<shape.rank { views[view].dimensions[axis] = shape[axis] }
  }

  private func prepare(_ index: Int) throws -> Int {
    let step = plan.steps[index]
    let sizes = KernelSizes(
      inputs: step.inputs.map { shapes[$0] }, outputs: step.outputs.map { shapes[$0] },
      symbols: state.symbols)
    return try atNode(step.node) { try steps[index].kernel.prepare(sizes) }
  }

  private func point(at index: Int) {
    let memory = memories[index]
    for (view, value) in viewValues.enumerated() {
      let buffer = plan.values[value].buffer
      guard plan.buffers[buffer].epoch == index, case .arena = plan.buffers[buffer].home else {
        continue
      }
      views[view].base = memory.base(ofBuffer: buffer)
    }
    for (position, step) in plan.epochs[index].steps.enumerated() {
      steps[step].workspace = memory.base(ofScratch: position)
    }
  }

  /// Nothing may have been written behind a step's own memory. Only the last step's neighbours are
  /// known to be untouched, so tests run plans of one step.
  func checkGuards() throws {
    guard plan.steps.count == 1 else { return }
    guard memories.allSatisfy(\.areGuardsIntact) else {
      throw GraphError("memory behind a buffer was written by \(plan.steps[0].node.name)")
    }
  }
}

/// The memory of the values whose sizes become known together.
struct EpochMemory {
  /// The sizes it was last laid out for.
  var symbols: [String: Int]?
  private(set) var arena = AlignedStorage(byteCount: 0)
  /// Bytes that there is room for: first the buffers', then the steps' scratch memory.
  private var capacities: [Int]
  private var offsets: [Int]
  private let epoch: Plan.Epoch
  /// A buffer's place among the epoch's.
  private let positions: [Int: Int]
  private var hasRoom = false
  private var hasGuards = false

  init(_ epoch: Plan.Epoch, _ plan: Plan) {
    self.epoch = epoch
    let count = epoch.buffers.count + epoch.steps.count
    capacities = Array(repeating: 0, count: count)
    offsets = Array(repeating: 0, count: count)
    positions = Dictionary(
      uniqueKeysWithValues: epoch.buffers.enumerated().map { ($1, $0) })
  }

  func base(ofBuffer buffer: Int) -> UnsafeMutableRawPointer {
    arena.base + offsets[positions[buffer]!]
  }

  func base(ofScratch position: Int) -> UnsafeMutableRawPointer {
    arena.base + offsets[epoch.buffers.count + position]
  }

  /// Lays the memory out for what is needed now, unless it fits; what has grown before is given
  /// some more.
  ///
  /// - Returns: whether things lie elsewhere now.
  mutating func makeRoom(for needed: [Int], _ plan: Plan, _ environment: RunEnvironment) -> Bool {
    guard !hasRoom || zip(needed, capacities).contains(where: { $0 > $1 }) else { return false }
    capacities = zip(needed, capacities).map { need, capacity in
      need <= capacity ? capacity : (hasRoom ? need + need / 4 : need)
    }
    hasRoom = true
    hasGuards = environment.checksMemory
    let margin = hasGuards ? AlignedStorage.alignment : 0
    let bytes = capacities.map { $0 + ($0 > 0 ? margin : 0) }
    let layout = plan.taskGraph.map { layOut(bytes, within: plan, $0) } ?? layOut(bytes, plan)
    arena = AlignedStorage(byteCount: max(layout.byteCount, 1))
    offsets = layout.offsets
    return true
  }

  /// Memory for steps that run in order.
  private func layOut(_ bytes: [Int], _ plan: Plan) -> ArenaLayout {
    let lives =
      epoch.buffers.map { (plan.buffers[$0].firstStep, plan.buffers[$0].lastStep) }
      + epoch.steps.map { ($0, $0) }
    return DataflowRuntime.layOut(
      zip(bytes, lives).map { bytes, life in
        MemoryRequest(byteCount: bytes, firstStep: life.0, lastStep: life.1)
      })
  }

  /// Memory for steps that run side by side: shared by those of which one's are all done when the
  /// other's begin.
  private func layOut(_ bytes: [Int], within plan: Plan, _ tasks: TaskGraph) -> ArenaLayout {
    let users = epoch.buffers.map { plan.bufferUsers[$0] } + epoch.steps.map { [$0] }
    let end = plan.steps.count
    func isDone(_ a: Int, before b: Int) -> Bool {
      guard let first = users[b].first, first < end else { return users[b].isEmpty }
      return users[a].allSatisfy { $0 < end && tasks.isDone($0, before: first) }
    }
    return DataflowRuntime.layOut(bytes) { !isDone($0, before: $1) && !isDone($1, before: $0) }
  }

  /// Fills the arena with NaNs, so that an element that is not written is noticed.
  func poison() {
    arena.base.initializeMemory(as: UInt8.self, repeating: 0xFF, count: arena.byteCount)
  }

  var areGuardsIntact: Bool {
    guard hasGuards else { return true }
    return zip(offsets, capacities).allSatisfy { offset, bytes in
      let end = UnsafeRawBufferPointer(
        start: arena.base + offset + bytes, count: AlignedStorage.alignment)
      return bytes == 0 || end.allSatisfy { $0 == 0xFF }
    }
  }
}
