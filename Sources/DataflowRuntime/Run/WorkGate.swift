import Dispatch
import Synchronization

/// Where one thread lays out pieces of work and others take them.
///
/// `remaining` is all that threads contend for: it holds the number of shards that nobody has taken
/// in its low half and the number of the work in its high half. Whoever lowers it owns a shard and
/// keeps the work alive until `unfinished` is lowered too, since the thread that brought the work
/// waits for that; so shards, not threads, are counted, and a thread that comes late finds nothing.
final class WorkGate: Sendable {
  private let remaining = Atomic<UInt64>(0)
  private let unfinished = Atomic<Int>(0)
  private let isBusy = Atomic<Bool>(false)
  private let isClosed = Atomic<Bool>(false)
  private let sleepers = Atomic<Int>(0)
  private let wake = DispatchSemaphore(value: 0)
  private let finished = DispatchSemaphore(value: 0)
  private let workers: Int

  // The address of what to do with a shard, and the number of shards: written before and read after
  // `remaining`, which orders them.
  private let body = Atomic<UInt>(0)
  private let shards = Atomic<Int>(0)

  /// How long a thread looks for work before it sleeps: longer than the gaps in a chain of kernels.
  private static let patience: UInt64 = 30_000
  /// Added to `unfinished` by a caller that sleeps until all shards are done.
  private static let callerSleeps = 1 << 62

  init(workers: Int) { self.workers = workers }

  // MARK: The caller's side

  /// Whether the gate is free; then it belongs to the caller until `leave`.
  func enter() -> Bool {
    isBusy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
  }

  func leave() { isBusy.store(false, ordering: .releasing) }

  /// Calls `body` for every shard, on this thread and on workers.
  func compute(shards: Int, _ body: (Int) -> Void) {
    withoutActuallyEscaping(body) { body in
      withUnsafePointer(to: body) { pointer in
        publish(pointer, shards)
        takeShards()
        awaitOthers()
      }
    }
  }

  private func publish(_ body: UnsafePointer<(Int) -> Void>, _ shards: Int) {
    precondition(shards <= Int(UInt32.max), "\(shards) shards")
    self.body.store(UInt(bitPattern: body), ordering: .relaxed)
    self.shards.store(shards, ordering: .relaxed)
    unfinished.store(shards, ordering: .relaxed)
    let number = (remaining.load(ordering: .relaxed) >> 32) &+ 1
    remaining.store(number << 32 | UInt64(shards), ordering: .sequentiallyConsistent)
    wakeSleepers(atMost: min(shards - 1, workers))
  }

  private func awaitOthers() {
    if spin(until: { unfinished.load(ordering: .acquiring) == 0 }) { return }
    let before = unfinished.wrappingAdd(Self.callerSleeps, ordering: .acquiringAndReleasing)
    guard before.oldValue != 0 else { return }
    finished.wait()
    // What the shards wrote is ordered by this word, whatever the semaphore promises.
    _ = unfinished.load(ordering: .acquiring)
  }

  // MARK: Both sides

  /// Does shards of the present work until there are none left.
  private func takeShards() {
    var done = 0
    while let shard = takeShard() {
      let address = body.load(ordering: .relaxed)
      UnsafePointer<(Int) -> Void>(bitPattern: address)!.pointee(shard)
      done += 1
    }
    guard done > 0 else { return }
    let left = unfinished.wrappingSubtract(done, ordering: .acquiringAndReleasing).newValue
    if left == Self.callerSleeps { finished.signal() }
  }

  private func takeShard() -> Int? {
    var seen = remaining.load(ordering: .relaxed)
    while seen & 0xFFFF_FFFF != 0 {
      let (exchanged, original) = remaining.weakCompareExchange(
        expected: seen, desired: seen - 1, ordering: .acquiring)
      if exchanged { return shards.load(ordering: .relaxed) - Int(seen & 0xFFFF_FFFF) }
      seen = original
    }
    return nil
  }

  /// Looks for `condition` until patience ends; whether it came true.
  @inline(__always)
  private func spin(until condition: () -> Bool) -> Bool {
    let end = DispatchTime.now().uptimeNanoseconds + Self.patience
    repeat {
      // Reading the clock takes as long as some looks.
      for _ in 0..<16 where condition() { return true }
    } while DispatchTime.now().uptimeNanoseconds < end
    return false
  }

  // MARK: The workers' side

  private var hasNews: Bool {
    remaining.load(ordering: .sequentiallyConsistent) & 0xFFFF_FFFF != 0
      || isClosed.load(ordering: .sequentiallyConsistent)
  }

  /// What a worker does all its life.
  func serve() {
    while !isClosed.load(ordering: .relaxed) {
      takeShards()
      if !spin(until: { hasNews }) { sleep() }
    }
  }

  /// Sleeps until there is news.
  ///
  /// Either this thread sees the news after it has counted itself among the sleepers, or who brings
  /// them sees the count: both sides write before they read, in one order for all.
  private func sleep() {
    sleepers.wrappingAdd(1, ordering: .sequentiallyConsistent)
    if hasNews, takeSleepers(atMost: 1) == 1 { return }
    wake.wait()
  }

  private func wakeSleepers(atMost count: Int) {
    for _ in 0..<takeSleepers(atMost: count) { wake.signal() }
  }

  /// Lowers the number of sleepers; whoever does it owes as many wake-ups, or is one of them.
  private func takeSleepers(atMost count: Int) -> Int {
    var seen = sleepers.load(ordering: .sequentiallyConsistent)
    while seen > 0 {
      let taken = min(seen, count)
      let (exchanged, original) = sleepers.weakCompareExchange(
        expected: seen, desired: seen - taken, ordering: .sequentiallyConsistent)
      if exchanged { return taken }
      seen = original
    }
    return 0
  }

  /// Sends the workers home; they hold the gate until they have left.
  func close() {
    isClosed.store(true, ordering: .sequentiallyConsistent)
    wakeSleepers(atMost: workers)
  }
}
