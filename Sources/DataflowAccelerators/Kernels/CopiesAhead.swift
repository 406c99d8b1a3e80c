import DataflowRuntime
import Tensors

/// Tensors that are copied to a device before they are fed, in a queue beside the one in which it computes: to memory
/// of their own, from where the device itself copies them to where they are wanted.
final class CopiesAhead: Sendable {
  /// Memory for the tensors of one call.
  private final class Block {
    let memory: any DeviceBlock
    /// What the device's queue is to wait for before it reads, nil when it has been told.
    var mark: (any QueueMark)?
    private weak var owner: CopiesAhead?

    init(_ memory: any DeviceBlock, _ owner: CopiesAhead) {
      (self.memory, self.owner) = (memory, owner)
    }

    // Whatever was asked for with it is done before what is asked for next.
    deinit { owner?.contents.withLock { $0.free.append(memory) } }
  }

  /// A tensor, which is kept so that nothing else lies at its address.
  private struct Arrival {
    let tensor: Tensor
    let place: UnsafeMutableRawPointer
    let block: Block
    /// Which call it is of.
    let number: Int
  }

  private struct Contents: @unchecked Sendable {
    // Used under the lock only.
    var arrivals: [UnsafeRawPointer: Arrival] = [:]
    var free: [any DeviceBlock] = []
    /// What the device may be reading.
    var used: [Block] = []
    var calls = 0
  }

  /// The queue and the way into it; nil where there is none.
  private struct Side: @unchecked Sendable {
    // Used under the lock only.
    var isMade = false
    var queue: (any SideQueue)?
    var staging: Staging?
  }

  private let driver: any AcceleratorDriver
  private let contents = Guarded(Contents())
  private let side = Guarded(Side())

  init(_ driver: any AcceleratorDriver) { self.driver = driver }

  /// Begins to copy tensors; those that are somebody else's memory are left out.
  func send(_ tensors: [Tensor]) -> (any TensorsAhead)? {
    let tensors = tensors.filter { !$0.isBorrowed && $0.byteCount > 0 }
    var offsets = [0]
    for tensor in tensors {
      offsets.append(offsets.last! + tensor.byteCount.roundedUp(toMultipleOf: 256))
    }
    guard !tensors.isEmpty, let block = takeBlock(byteCount: offsets.last!) else { return nil }
    let places = offsets.dropLast().map { block.memory.base + $0 }
    block.mark = try? copy(tensors, to: places)
    guard block.mark != nil else { return nil }
    let (number, old) = contents.withLock { contents in
      contents.calls += 1
      var old: [Arrival] = []
      for (tensor, place) in zip(tensors, places) {
        let arrival = Arrival(tensor: tensor, place: place, block: block, number: contents.calls)
        let address = tensor.withBytes { UnsafeRawPointer($0.baseAddress!) }
        if let other = contents.arrivals.updateValue(arrival, forKey: address) { old.append(other) }
      }
      return (contents.calls, old)
    }
    // Blocks that go away ask for the lock.
    withExtendedLifetime(old) {}
    return Handle(self, number)
  }

  private func takeBlock(byteCount: Int) -> Block? {
    let free = contents.withLock { $0.free.popLast() }
    if let free, free.byteCount >= byteCount { return Block(free, self) }
    let memory =
      (try? driver.allocate(byteCount: byteCount + byteCount / 4))
      ?? (try? driver.allocate(byteCount: byteCount))
    return memory.map { Block($0, self) }
  }

  private func copy(
    _ tensors: [Tensor], to places: [UnsafeMutableRawPointer]
  ) throws -> (any QueueMark)? {
    try side.withLock { side in
      if !side.isMade {
        side.isMade = true
        side.queue = try driver.makeSideQueue()
        side.staging = side.queue.map { Staging($0) }
      }
      guard let queue = side.queue, let staging = side.staging else { return nil }
      for (tensor, place) in zip(tensors, places) {
        try tensor.withBytes { bytes in
          try staging.upload(bytes.baseAddress!, to: place, byteCount: bytes.count)
        }
      }
      return try queue.mark()
    }
  }

  /// Asks for a copy of what has come, or will have by then.
  ///
  /// - Returns: whether the source is that of a tensor that was sent.
  func move(
    _ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, byteCount: Int
  ) throws -> Bool {
    try contents.withLock { contents in
      guard let arrival = contents.arrivals[source], arrival.tensor.byteCount == byteCount else {
        return false
      }
      contents.used.append(arrival.block)
      if let mark = arrival.block.mark { try driver.wait(for: mark) }
      arrival.block.mark = nil
      try driver.move(arrival.place, to: target, byteCount: byteCount)
      return true
    }
  }

  /// Lets go of what the device has read when it has been waited for.
  func release(_ wait: () throws -> Void) throws {
    let used = contents.withLock { contents in
      defer { contents.used = [] }
      return contents.used
    }
    defer { withExtendedLifetime(used) {} }
    try wait()
  }

  /// Frees memory: uploads copy from the host then.
  ///
  /// - Returns: whether there was any.
  func giveUp() -> Bool {
    var arrivals = contents.withLock { contents in
      defer { contents.arrivals = [:] }
      return contents.arrivals
    }
    let hadArrivals = !arrivals.isEmpty
    // Their blocks are free then.
    arrivals = [:]
    let free = contents.withLock { contents in
      defer { contents.free = [] }
      return contents.free
    }
    return hadArrivals || !free.isEmpty
  }

  private func forget(_ number: Int) {
    let gone = contents.withLock { contents in
      let gone = contents.arrivals.filter { $0.value.number == number }
      for address in gone.keys { contents.arrivals[address] = nil }
      return gone
    }
    withExtendedLifetime(gone) {}
  }

  private final class Handle: TensorsAhead {
    private let owner: CopiesAhead
    private let number: Int

    init(_ owner: CopiesAhead, _ number: Int) { (self.owner, self.number) = (owner, number) }

    deinit { owner.forget(number) }
  }
}
