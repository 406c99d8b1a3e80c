import DataflowGraph
import Tensors

/// The memory of the values whose sizes become known together: one arena on each device.
struct EpochMemory {
  /// The sizes it was last laid out for.
  var symbols: [String: Int]?
  private var arenas: [any DeviceBlock]
  /// What the arenas lie in, nil for the host's memory.
  private let spaces: [(any DeviceMemory)?]
  /// Bytes that there is room for: first the buffers', then the steps' scratch memory.
  private var capacities: [Int]
  private var offsets: [Int]
  private let devices: [Int]
  private let epoch: Plan.Epoch
  /// A buffer's place among the epoch's.
  private let positions: [Int: Int]
  private var hasRoom = false
  private var hasGuards = false
  private static let most = MemoryLimit.available

  /// - Parameter placement: the plan's; nil where only the layout is wanted.
  init(_ epoch: Plan.Epoch, _ plan: Plan, _ placement: Placement? = nil) {
    self.epoch = epoch
    spaces = plan.deviceNames.indices.map { placement?.devices[$0].memory }
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
  mutating func makeRoom(
    for needed: [Int], _ plan: Plan, hasGuards: Bool = false
  ) throws -> Bool {
    guard !hasRoom || zip(needed, capacities).contains(where: { $0 > $1 }) else { return false }
    self.hasGuards = hasGuards
    let grown = zip(needed, capacities).map { need, capacity in
      need <= capacity ? capacity : need + need / 4
    }
    // Where there is no room to spare, what is needed now has to do.
    if !hasRoom || (try? layOut(grown, plan)) == nil { try layOut(needed, plan) }
    // Sizes that are found late have their memory laid out after the run's other memory was poisoned.
    if hasGuards { try poison() }
    return true
  }

  private mutating func layOut(_ capacities: [Int], _ plan: Plan) throws {
    hasRoom = false
    let margin = hasGuards ? AlignedStorage.alignment : 0
    let bytes = capacities.map { $0 + ($0 > 0 ? margin : 0) }
    self.capacities = capacities
    for device in arenas.indices { try layOut(bytes, plan, on: device) }
    hasRoom = true
  }

  private mutating func layOut(_ bytes: [Int], _ plan: Plan, on device: Int) throws {
    let own = devices.indices.filter { devices[$0] == device }
    let sizes = own.map { bytes[$0] }
    let layout =
      plan.taskGraph.map { layOut(sizes, own, within: plan, $0) } ?? layOut(sizes, own, plan)
    arenas[device] = try makeArena(layout.byteCount, plan, on: device, isUsed: !own.isEmpty)
    for (position, index) in own.enumerated() { offsets[index] = layout.offsets[position] }
  }

  private mutating func makeArena(
    _ byteCount: Int, _ plan: Plan, on device: Int, isUsed: Bool
  ) throws -> any DeviceBlock {
    // What has no elements has an address all the same.
    guard let space = spaces[device], isUsed else {
      guard byteCount <= Self.most else {
        throw GraphError(
          "the plan needs \(byteCount) bytes for values, more than the \(Self.most) that there are")
      }
      return AlignedStorage(byteCount: max(byteCount, 1))
    }
    // What was there before is not needed beside what comes.
    arenas[device] = AlignedStorage(byteCount: 0)
    do {
      return try space.allocate(byteCount: max(byteCount, 1))
    } catch {
      throw GraphError(
        "the plan needs \(byteCount) bytes for values on \(plan.deviceNames[device].short): \(error)"
      )
    }
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
  func poison() throws {
    for (arena, space) in zip(arenas, spaces) {
      if let space, !(arena is AlignedStorage) {
        try space.fill(arena, with: 0xFF)
        continue
      }
      arena.base.initializeMemory(as: UInt8.self, repeating: 0xFF, count: arena.byteCount)
    }
  }

  func areGuardsIntact() throws -> Bool {
    guard hasGuards else { return true }
    let copy = AlignedStorage(byteCount: AlignedStorage.alignment)
    return try capacities.indices.allSatisfy { index in
      guard capacities[index] > 0 else { return true }
      var end = base(at: index) + capacities[index]
      if let space = spaces[devices[index]] {
        try space.download(end, to: copy.base, byteCount: copy.byteCount)
        try space.synchronize()
        end = copy.base
      }
      return UnsafeRawBufferPointer(start: end, count: AlignedStorage.alignment)
        .allSatisfy { $0 == 0xFF }
    }
  }
}
