import Tensors

/// Copies between the host's memory and a device's, by way of a few blocks that the device reads and writes by
/// itself: who asks for a copy goes on at once, and large tensors are copied to one block while the
/// device reads another.
final class Staging: Sendable {
  static let blockSize = 4 << 20
  /// More of them gain nothing: two would do for one to be filled while another is read.
  static let mostBlocks = 4

  /// What has come to the host and is not where it is wanted yet.
  private struct Arrival {
    let source: UnsafeRawPointer
    let target: UnsafeMutableRawPointer
    let byteCount: Int
  }

  private final class Block {
    let memory: any StagingBlock
    var used = 0
    var arrivals: [Arrival] = []

    init(_ memory: any StagingBlock) { self.memory = memory }

    /// Hands over what has come, when it has.
    func deliver() {
      for arrival in arrivals {
        arrival.target.copyMemory(from: arrival.source, byteCount: arrival.byteCount)
      }
      forget()
    }

    func forget() {
      arrivals.removeAll(keepingCapacity: true)
      used = 0
    }
  }

  private struct Contents: @unchecked Sendable {
    // Used under the lock only.
    /// Those with copies that may be under way, the latest last; only that has room.
    var busy: [Block] = []
    var free: [Block] = []
    /// Why nothing more can be known of what was copied.
    var failure: (any Error)?
  }

  private let queue: any CopyQueue
  private let contents = Guarded(Contents())

  init(_ queue: any CopyQueue) { self.queue = queue }

  /// The source has been read when this returns.
  func upload(
    _ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, byteCount: Int
  ) throws {
    try forEachPiece(of: byteCount) { _, place, piece in
      place.copyMemory(from: source + piece.lowerBound, byteCount: piece.count)
      try queue.upload(place, to: target + piece.lowerBound, byteCount: piece.count)
    }
  }

  /// The target is written by the next `synchronize`.
  func download(
    _ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, byteCount: Int
  ) throws {
    try forEachPiece(of: byteCount) { block, place, piece in
      try queue.download(source + piece.lowerBound, to: place, byteCount: piece.count)
      block.arrivals.append(
        Arrival(source: place, target: target + piece.lowerBound, byteCount: piece.count))
    }
  }

  /// Finds room for some bytes, piece by piece.
  private func forEachPiece(
    of byteCount: Int,
    _ copy: (Block, _ place: UnsafeMutableRawPointer, _ piece: Range<Int>) throws -> Void
  ) throws {
    try contents.withLock { contents in
      var done = 0
      while done < byteCount {
        let block = try room(&contents)
        let count = min(byteCount - done, block.memory.byteCount - block.used)
        try copy(block, block.memory.base + block.used, done..<done + count)
        use(count, of: block)
        done += count
      }
    }
  }

  /// Waits for the device, and until everything is where it is wanted.
  ///
  /// - Throws: what the driver says, from then on always: of copies that others have asked for nobody knows
  ///   either.
  func synchronize() throws {
    try contents.withLock { contents in
      try attempt(&contents) { try queue.synchronize() }
      for block in contents.busy { block.deliver() }
      contents.free += contents.busy
      contents.busy = []
    }
  }

  private func use(_ count: Int, of block: Block) {
    block.used = min(
      block.memory.byteCount, (block.used + count).roundedUp(toMultipleOf: AlignedStorage.alignment)
    )
  }

  /// A block with room.
  private func room(_ contents: inout Contents) throws -> Block {
    if let failure = contents.failure { throw failure }
    if let last = contents.busy.last {
      if last.used < last.memory.byteCount { return last }
      try last.memory.mark()
    }
    let block: Block
    if let known = contents.free.popLast() {
      block = known
    } else if contents.busy.count < Self.mostBlocks {
      block = Block(try queue.makeStagingBlock(byteCount: Self.blockSize))
    } else {
      block = contents.busy[0]
      try attempt(&contents) { try block.memory.wait() }
      block.deliver()
      contents.busy.removeFirst()
    }
    contents.busy.append(block)
    return block
  }

  /// Waits; where that fails, nothing is written any more to where it was wanted.
  private func attempt(_ contents: inout Contents, _ wait: () throws -> Void) throws {
    if let failure = contents.failure { throw failure }
    do {
      try wait()
    } catch {
      for block in contents.busy { block.forget() }
      contents.failure = error
      throw error
    }
  }
}
