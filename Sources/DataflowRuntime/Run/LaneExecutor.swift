import Dispatch
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// One of the threads that run a plan's tasks side by side: shards of a task are done by it and by those
/// lanes that have no task of their own.
final class LaneExecutor: ParallelExecutor {
  let threads: Int
  private let gate = WorkGate(workers: 0)

  /// - Parameter threads: how many work on one task at most.
  init(threads: Int) { self.threads = threads }

  func run(shards: Int, _ body: (Int) -> Void) {
    guard shards > 1, threads > 1, gate.enter() else {
      for shard in 0..<max(shards, 0) { body(shard) }
      return
    }
    gate.compute(shards: shards, threads: threads, body)
    gate.leave()
  }

  /// Does shards of the lane's present task.
  ///
  /// - Parameter distance: from 1 on; lanes far away do not help where few may.
  /// - Returns: whether there was something to do.
  func help(from distance: Int) -> Bool { gate.takeShards(as: distance) }
}

/// Runs the tasks of plans on a session's threads.
final class LaneSet: Sendable {
  let lanes: [LaneExecutor]
  let interOpThreads: Int
  private let pool: ComputePool

  init(_ pool: ComputePool, interOpThreads: Int, intraOpThreads: Int) {
    self.pool = pool
    self.interOpThreads = interOpThreads
    lanes = (0..<pool.threads).map { _ in LaneExecutor(threads: intraOpThreads) }
  }

  /// How long a lane looks for work before it naps.
  private static let patience: UInt64 = 50_000
  private static let nap: UInt32 = 50

  /// Calls `body` for every task, when what it waits for is done.
  ///
  /// - Parameter body: a task and the executor of the lane that runs it.
  /// - Throws: what `body` passed to `scheduler.fail`.
  func run(_ scheduler: TaskScheduler, _ body: (Int, LaneExecutor) -> Void) throws {
    scheduler.start()
    pool.run(shards: lanes.count) { lane in run(scheduler, lane, body) }
    try scheduler.finish()
  }

  private func run(
    _ scheduler: TaskScheduler, _ lane: Int, _ body: (Int, LaneExecutor) -> Void
  ) {
    var next = scheduler.take()
    var idleSince: UInt64?
    while true {
      if let task = next {
        idleSince = nil
        body(task, lanes[lane])
        next = scheduler.isOver ? nil : scheduler.complete(task)
        continue
      }
      if scheduler.isOver { return }
      if help(from: lane) {
        idleSince = nil
      } else {
        idleSince = wait(since: idleSince)
      }
      next = scheduler.take()
    }
  }

  private func help(from lane: Int) -> Bool {
    for distance in 1..<max(1, lanes.count) {
      if lanes[(lane + distance) % lanes.count].help(from: distance) { return true }
    }
    return false
  }

  /// Looks again at once, or after a nap if it has been idle for long.
  private func wait(since idleSince: UInt64?) -> UInt64 {
    let now = DispatchTime.now().uptimeNanoseconds
    if let idleSince, now - idleSince > Self.patience { usleep(Self.nap) }
    return idleSince ?? now
  }
}
