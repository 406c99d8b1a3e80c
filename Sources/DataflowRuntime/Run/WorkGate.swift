import Dispatch
import Synchronization
import Tensors

/// Where one thread lays out pieces of work and others take them.
///
/// `remaining` is all that threads contend for: it holds the number of shards that nobody has taken,
/// how many threads may take them, and the number of the work. Whoever lowers it owns a shard and
/// keeps the work alive until `unfinished` is lowered too, since the thread that brought the work
/// waits for that; so shards, not threads, are counted, and a thread that comes late finds nothing. Where there are
/// more shards than it has room for, they are laid out some at a time.
final class WorkGate: Sendable {
  private let remaining = Atomic<UInt64>(0)
  private let unfinished = Atomic<Int>(0)
  private let isBusy = Atomic<Bool>(false)
  private let isClosed = Atomic<Bool>(false)
  private let sleepers = Atomic<Int>(0)
  private let wake = DispatchSemaphore(value: 0)
  private let finished = DispatchSemaphore(value: 0)
  private let workers: Int

  // The address of what to do with a shard, and the last shard's successor: written before and read after
  // `remaining`, which orders them.
  private let body = Atomic<UInt>(0)
  private let end = Atomic<Int>(0)

  /// How long a thread looks for work before it sleeps: longer than the gaps in a chain of kernels.
  private static let patience: UInt64 = 30_000
  /// Added to `unfinished` by a caller that sleeps until all shards are done.
  private static let callerSleeps = 1 << 62

  /// `remaining` from its lowest bit: shards, threads, the number of the work.
  private struct Offer {
    static let shardBits: UInt64 = 20
    static let threadBits: UInt64 = 12
    static let mostShards = 1 << shardBits - 1
    let word: UInt64

    init(word: UInt64) { self.word = word }

    init(number: UInt64, threads: Int, shards: Int) {
      let upper = number << Self.threadBits | UInt64(threads)
      word = upper << Self.shardBits | UInt64(shards)
    }

    var shards: Int { Int(word & (1 << Self.shardBits - 1)) }
    var threads: Int { Int(word >> Self.shardBits & (1 << Self.threadBits - 1)) }
    var number: UInt64 { word >> (Self.shardBits + Self.threadBits) }
  }

  /// What to do with a shard; a pointer to the bare function would need memory for another form of it.
  private struct Work {
    let body: (Int) -> Void
    /// The caller's, so that it makes no difference who does a shard.
    let mode: FloatingPointMode
  }

  init(workers: Int) { self.workers = workers }

  // MARK: The caller's side

  /// Whether the gate is free; then it belongs to the caller until `leave`.
  func enter() -> Bool {
    isBusy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
  }

  func leave() { isBusy.store(false, ordering: .releasing) }

  /// Calls `body` for every shard, on this thread and on those that serve or help.
  ///
  /// - Parameter threads: how many take part at most, this one included.
  func compute(shards: Int, threads: Int, _ body: (Int) -> Void) {
    withoutActuallyEscaping(body) { body in
      withUnsafePointer(to: Work(body: body, mode: .current)) { pointer in
        for first in stride(from: 0, to: shards, by: Offer.mostShards) {
          publish(pointer, first..<min(shards, first + Offer.mostShards), threads)
          takeShards(as: 0)
          awaitOthers()
        }
      }
    }
  }

  private func publish(_ body: UnsafePointer<Work>, _ shards: Range<Int>, _ threads: Int) {
    self.body.store(UInt(bitPattern: body), ordering: .relaxed)
    end.store(shards.upperBound, ordering: .relaxed)
    unfinished.store(shards.count, ordering: .relaxed)
    let offer = Offer(
      number: Offer(word: remaining.load(ordering: .relaxed)).number &+ 1,
      threads: min(threads, 1 << Offer.threadBits - 1), shards: shards.count)
    remaining.store(offer.word, ordering: .sequentiallyConsistent)
    // Where some may not take part, nobody knows who of them sleeps.
    wakeSleepers(atMost: threads > workers ? min(shards.count - 1, workers) : workers)
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
  ///
  /// - Parameter thread: 0 for who brought the work; others take part if the work's limit is above
  ///   their number.
  /// - Returns: whether there was one.
  @discardableResult
  func takeShards(as thread: Int) -> Bool {
    var done = 0
    let mode = FloatingPointMode.current
    while let shard = takeShard(as: thread) {
      let work = UnsafePointer<Work>(bitPattern: body.load(ordering: .relaxed))!
      work.pointee.mode.adopt()
      work.pointee.body(shard)
      done += 1
    }
    guard done > 0 else { return false }
    mode.adopt()
    let left = unfinished.wrappingSubtract(done, ordering: .acquiringAndReleasing).newValue
    if left == Self.callerSleeps { finished.signal() }
    return true
  }

  private func takeShard(as thread: Int) -> Int? {
    var seen = Offer(word: remaining.load(ordering: .relaxed))
    while seen.shards != 0, thread < seen.threads {
      let (exchanged, original) = remaining.weakCompareExchange(
        expected: seen.word, desired: seen.word - 1, ordering: .acquiring)
      if exchanged { return end.load(ordering: .relaxed) - seen.shards }
      seen = Offer(word: original)
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

  private func hasNews(for thread: Int) -> Bool {
    let offer = Offer(word: remaining.load(ordering: .sequentiallyConsistent))
    return (offer.shards != 0 && thread < offer.threads)
      || isClosed.load(ordering: .sequentiallyConsistent)
  }

  /// What a worker does all its life.
  ///
  /// - Parameter thread: from 1 on.
  func serve(as thread: Int) {
    while !isClosed.load(ordering: .relaxed) {
      takeShards(as: thread)
      if !spin(until: { hasNews(for: thread) }) { sleep(as: thread) }
    }
  }

  /// Sleeps until there is news.
  ///
  /// Either this thread sees the news after it has counted itself among the sleepers, or who brings
  /// them sees the count: both sides write before they read, in one order for all.
  private func sleep(as thread: Int) {
    sleepers.wrappingAdd(1, ordering: .sequentiallyConsistent)
    if hasNews(for: thread), takeSleepers(atMost: 1) == 1 { return }
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
