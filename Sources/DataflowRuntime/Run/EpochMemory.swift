import DataflowGraph
import Tensors

/// The memory of the values whose sizes become known together: one arena on each device.
struct EpochMemory {
  /// The sizes it was last laid out for.
  var symbols: [String: Int]?
  private var arenas: [AlignedStorage]
  /// Bytes that there is room for: first the buffers', then the steps' scratch memory.
  private var capacities: [Int]
  private var offsets: [Int]
  private let devices: [Int]
  private let epoch: Plan.Epoch
  /// A buffer's place among the epoch's.
  private let positions: [Int: Int]
  private var hasRoom = false
  private var hasGuards = false

  init(_ epoch: Plan.Epoch, _ plan: Plan) {
    self.epoch = epoch
    devices =
      epoch.buffers.map { plan.buffers[$0].device } + epoch.steps.map { plan.steps[$0].device }
    arenas = plan.deviceNames.map { _ in AlignedStorage(byteCount: 0) }
    capacities = Array(repeating: 0, count: devices.count)
    offsets = Array(repeating: 0, count: devices.count)
    positions = Dictionary(
      uniqueKeysWithValues: epoch.buffers.enumerated().map { ($1, $0) })
  }

  /// Where the first device's memory begins.
  var start: UnsafeMutableRawPointer { arenas[0].base }

  func base(ofBuffer buffer: Int) -> UnsafeMutableRawPointer { base(at: positions[buffer]!) }

  func base(ofScratch position: Int) -> UnsafeMutableRawPointer {
    base(at: epoch.buffers.count + position)
  }

  private func base(at index: Int) -> UnsafeMutableRawPointer {
    arenas[devices[index]].base + offsets[index]
  }

  /// Where a buffer begins in its device's arena.
  func offset(ofBuffer buffer: Int) -> Int { offsets[positions[buffer]!] }

  /// Lays the memory out for what is needed now, unless it fits; what has grown before is given
  /// some more.
  ///
  /// - Returns: whether things lie elsewhere now.
  mutating func makeRoom(for needed: [Int], _ plan: Plan, hasGuards: Bool = false) -> Bool {
    guard !hasRoom || zip(needed, capacities).contains(where: { $0 > $1 }) else { return false }
    capacities = zip(needed, capacities).map { need, capacity in
      need <= capacity ? capacity : (hasRoom ? need + need / 4 : need)
    }
    hasRoom = true
    self.hasGuards = hasGuards
    let margin = hasGuards ? AlignedStorage.alignment : 0
    let bytes = capacities.map { $0 + ($0 > 0 ? margin : 0) }
    for device in arenas.indices { layOut(bytes, plan, on: device) }
    // Sizes that are found late have their memory laid out after the run's other memory was poisoned.
    if hasGuards { poison() }
    return true
  }

  private mutating func layOut(_ bytes: [Int], _ plan: Plan, on device: Int) {
    let own = devices.indices.filter { devices[$0] == device }
    let sizes = own.map { bytes[$0] }
    let layout =
      plan.taskGraph.map { layOut(sizes, own, within: plan, $0) } ?? layOut(sizes, own, plan)
    arenas[device] = AlignedStorage(byteCount: max(layout.byteCount, 1))
    for (position, index) in own.enumerated() { offsets[index] = layout.offsets[position] }
  }

  /// Memory for steps that run in order.
  private func layOut(_ bytes: [Int], _ own: [Int], _ plan: Plan) -> ArenaLayout {
    let all = requests(of: plan)
    return DataflowRuntime.layOut(
      zip(bytes, own).map { bytes, index in
        var request = all[index]
        request.byteCount = bytes
        return request
      })
  }

  /// What there is room for, and from when to when it is wanted where steps run in order.
  func requests(of plan: Plan) -> [MemoryRequest] {
    let lives =
      epoch.buffers.map { (plan.buffers[$0].firstStep, plan.buffers[$0].lastStep) }
      + epoch.steps.map { ($0, $0) }
    return zip(capacities, lives).map { bytes, life in
      MemoryRequest(byteCount: bytes, firstStep: life.0, lastStep: life.1)
    }
  }

  /// The bytes of all arenas.
  var byteCount: Int { arenas.reduce(0) { $0 + $1.byteCount } }

  /// Memory for steps that run side by side: shared by those of which one's are all done when the
  /// other's begin.
  private func layOut(
    _ bytes: [Int], _ own: [Int], within plan: Plan, _ tasks: TaskGraph
  ) -> ArenaLayout {
    let users = epoch.buffers.map { plan.bufferUsers[$0] } + epoch.steps.map { [$0] }
    let end = plan.steps.count
    func isDone(_ a: Int, before b: Int) -> Bool {
      guard let first = users[b].first, first < end else { return users[b].isEmpty }
      return users[a].allSatisfy { $0 < end && tasks.isDone($0, before: first) }
    }
    return DataflowRuntime.layOut(bytes) {
      !isDone(own[$0], before: own[$1]) && !isDone(own[$1], before: own[$0])
    }
  }

  /// Fills the arenas with NaNs, so that an element that is not written is noticed.
  func poison() {
    for arena in arenas {
      arena.base.initializeMemory(as: UInt8.self, repeating: 0xFF, count: arena.byteCount)
    }
  }

  var areGuardsIntact: Bool {
    guard hasGuards else { return true }
    return capacities.indices.allSatisfy { index in
      let end = UnsafeRawBufferPointer(
        start: base(at: index) + capacities[index], count: AlignedStorage.alignment)
      return capacities[index] == 0 || end.allSatisfy { $0 == 0xFF }
    }
  }
}
