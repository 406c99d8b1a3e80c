import Dispatch
import Tensors

/// The threads that compute for one session.
///
///     let pool = ComputePool(threads: 4)
///     pool.run(shards: 16) { shard in compute(shard) }
///
/// The calling thread is one of them; the others live as long as the pool. Between two pieces of work
/// they look for the next for some microseconds and then sleep, so that a chain of small pieces
/// costs no system calls and an idle session no time.
///
/// Work that comes while the pool is busy - from inside a shard or from another thread - is done on
/// the thread that brings it. So is work of one shard.
public final class ComputePool: ParallelExecutor {
  public let threads: Int
  let gate: WorkGate?

  /// - Parameter threads: how many threads compute, the caller's included; 0 for
  ///   `ThreadCount.available`.
  /// - Precondition: `threads` is not negative.
  public init(threads: Int) {
    precondition(threads >= 0, "\(threads) threads")
    self.threads = threads == 0 ? ThreadCount.available : threads
    gate = self.threads > 1 ? WorkGate(workers: self.threads - 1) : nil
    guard let gate else { return }
    for worker in 1..<self.threads {
      // A queue each: Dispatch gives a blocked queue's thread to no other.
      DispatchQueue(label: "compute-\(worker)").async { gate.serve(as: worker) }
    }
  }

  deinit { gate?.close() }

  public func run(shards: Int, _ body: (Int) -> Void) {
    run(shards: shards, threads: threads, body)
  }

  /// Calls `body` once for each shard, on at most `threads` threads.
  func run(shards: Int, threads: Int, _ body: (Int) -> Void) {
    guard shards > 1, threads > 1, let gate, gate.enter() else {
      for shard in 0..<max(shards, 0) { body(shard) }
      return
    }
    gate.compute(shards: shards, threads: threads, body)
    gate.leave()
  }
}

/// Some of a pool's threads.
final class PoolShare: ParallelExecutor {
  let pool: ComputePool
  let threads: Int

  init(of pool: ComputePool, threads: Int) {
    self.pool = pool
    self.threads = threads
  }

  func run(shards: Int, _ body: (Int) -> Void) { pool.run(shards: shards, threads: threads, body) }
}
