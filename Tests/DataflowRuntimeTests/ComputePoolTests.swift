import Foundation
import Synchronization
import Tensors
import TestSupport
import Testing

@testable import DataflowRuntime

private let threadCounts = [1, 2, 3, 4, 8]

/// A number for the thread that asks: on Linux the kernel's.
private func threadNumber() -> String {
  #if os(Linux)
    let path =
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self")) ?? ""
    return (path as NSString).lastPathComponent
  #else
    return "\(pthread_self())"
  #endif
}

private func compute(forMilliseconds duration: Double) {
  let end = DispatchTime.now().uptimeNanoseconds + UInt64(duration * 1e6)
  while DispatchTime.now().uptimeNanoseconds < end {}
}

/// Counts how often each shard was done.
private func tally(_ pool: ComputePool, shards: Int) -> [Int] {
  let counts = Locked([Int](repeating: 0, count: shards))
  pool.run(shards: shards) { shard in counts.withLock { $0[shard] += 1 } }
  return counts.withLock { $0 }
}

@Suite struct ComputePoolTests {
  @Test(.timeLimit(.minutes(10)), arguments: threadCounts, [0, 1, 2, 3, 7, 64, 1000])
  func everyShardIsDoneOnce(threads: Int, shards: Int) {
    let pool = ComputePool(threads: threads)
    for _ in 0..<20 {
      #expect(tally(pool, shards: shards) == [Int](repeating: 1, count: shards))
    }
  }

  /// A piece of work may have more shards than are handed out together.
  @Test(.timeLimit(.minutes(10)), arguments: [1, 2, 4], [1 << 20 - 1, 1 << 20, 2_500_000])
  func everyOneOfManyShardsIsDoneOnce(threads: Int, shards: Int) {
    let executors: [any ParallelExecutor] = [
      ComputePool(threads: threads), LaneExecutor(threads: threads),
    ]
    for executor in executors {
      let counts = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: shards)
      defer { counts.deallocate() }
      counts.initialize(repeating: 0)
      executor.run(shards: shards) { counts[$0] += 1 }
      #expect(counts.allSatisfy { $0 == 1 })
    }
  }

  /// What shards write without any lock, the caller reads afterwards.
  @Test(.timeLimit(.minutes(10)), arguments: threadCounts)
  func thousandsOfTinyRuns(threads: Int) {
    let pool = ComputePool(threads: threads)
    let results = UnsafeMutableBufferPointer<Int>.allocate(capacity: 5)
    defer { results.deallocate() }
    results.initialize(repeating: 0)
    var wrong = 0
    for run in 1...20_000 {
      let shards = 2 + run % 4
      pool.run(shards: shards) { results[$0] = run * 10 + $0 }
      for shard in 0..<shards where results[shard] != run * 10 + shard { wrong += 1 }
    }
    #expect(wrong == 0)
  }

  @Test(.timeLimit(.minutes(10)), arguments: threadCounts)
  func runsAfterPausesOfAllLengths(threads: Int) {
    let pool = ComputePool(threads: threads)
    for microseconds in stride(from: 0, to: 90, by: 1) {
      for _ in 0..<5 {
        usleep(UInt32(microseconds))
        #expect(tally(pool, shards: 4) == [1, 1, 1, 1])
      }
    }
  }

  @Test(.timeLimit(.minutes(10)), arguments: threadCounts)
  func shardsOfUnequalLengths(threads: Int) {
    let pool = ComputePool(threads: threads)
    for long in 0..<6 {
      let counts = Locked([Int](repeating: 0, count: 6))
      pool.run(shards: 6) { shard in
        if shard == long { compute(forMilliseconds: 2) }
        counts.withLock { $0[shard] += 1 }
      }
      #expect(counts.withLock { $0 } == [1, 1, 1, 1, 1, 1])
    }
  }

  @Test(.timeLimit(.minutes(10)), arguments: threadCounts)
  func nestedRunsStayOnTheirThread(threads: Int) {
    let pool = ComputePool(threads: threads)
    let strangers = Atomic<Int>(0)
    let done = Atomic<Int>(0)
    for _ in 0..<100 {
      pool.run(shards: 5) { _ in
        let outer = threadNumber()
        pool.run(shards: 3) { _ in
          if threadNumber() != outer { strangers.wrappingAdd(1, ordering: .relaxed) }
          done.wrappingAdd(1, ordering: .relaxed)
        }
      }
    }
    #expect(strangers.load(ordering: .relaxed) == 0)
    #expect(done.load(ordering: .relaxed) == 1500)
  }

  @Test(.timeLimit(.minutes(10)), arguments: threadCounts)
  func severalThreadsBringWork(threads: Int) {
    let pool = ComputePool(threads: threads)
    let done = Atomic<Int>(0)
    let group = DispatchGroup()
    for _ in 0..<4 {
      group.enter()
      Thread.detachNewThread {
        for _ in 0..<500 {
          pool.run(shards: 3) { _ in done.wrappingAdd(1, ordering: .relaxed) }
        }
        group.leave()
      }
    }
    group.wait()
    #expect(done.load(ordering: .relaxed) == 4 * 500 * 3)
  }

  @Test(.timeLimit(.minutes(10)), arguments: threadCounts)
  func noMoreThreadsThanTold(threads: Int) {
    let pool = ComputePool(threads: threads)
    let seen = Locked<Set<String>>([])
    var runs = 0
    // Until a worker has had its share, which the time limit sees to.
    repeat {
      pool.run(shards: 3 * threads) { _ in
        compute(forMilliseconds: 1)
        _ = seen.withLock { $0.insert(threadNumber()) }
      }
      runs += 1
    } while runs < 10 || seen.withLock { $0.count } < min(threads, 2)
    #expect(seen.withLock { $0.count } <= threads)
    #expect(seen.withLock { $0.contains(threadNumber()) })
  }

  /// Work of one shard, and work on one thread, goes in order and stays on the caller.
  @Test(arguments: [(1, 9), (4, 1)])
  func smallWorkStaysOnTheCaller(threads: Int, shards: Int) {
    let pool = ComputePool(threads: threads)
    let order = Locked<[Int]>([])
    let caller = threadNumber()
    pool.run(shards: shards) { shard in
      #expect(threadNumber() == caller)
      order.withLock { $0.append(shard) }
    }
    #expect(order.withLock { $0 } == Array(0..<shards))
  }

  @Test(.timeLimit(.minutes(10)), arguments: [2, 3, 4, 8])
  func workersEndWithThePool(threads: Int) async throws {
    weak var gate: WorkGate?
    for round in 0..<50 {
      let pool = ComputePool(threads: threads)
      gate = pool.gate
      // Some pools end before their workers have begun, some with workers asleep.
      if round % 2 == 0 { #expect(tally(pool, shards: 4) == [1, 1, 1, 1]) }
      if round % 5 == 0 { try await Task.sleep(for: .milliseconds(1)) }
    }
    while gate != nil { try await Task.sleep(for: .milliseconds(1)) }
  }

  @Test func zeroMeansAsManyAsAllowed() {
    #expect(ComputePool(threads: 0).threads == ThreadCount.available)
  }

  #if os(Linux)
    /// What the kernel says each thread has computed, in nanoseconds.
    private func computed(by threads: Set<String>) -> [String: Double] {
      var times: [String: Double] = [:]
      for thread in threads {
        guard
          let text = try? String(
            contentsOfFile: "/proc/self/task/\(thread)/schedstat", encoding: .utf8)
        else { continue }
        times[thread] = text.split(separator: " ").first.flatMap { Double($0) }
      }
      return times
    }

    /// The workers are threads of this process, share the computing, and rest when there is none.
    @Test(.timeLimit(.minutes(10)), arguments: [2, 3, 4])
    func idleWorkersUseNoTime(threads: Int) throws {
      let pool = ComputePool(threads: threads)
      let seen = Locked<Set<String>>([])
      for _ in 0..<10 {
        pool.run(shards: 2 * threads) { _ in
          compute(forMilliseconds: 2)
          _ = seen.withLock { $0.insert(threadNumber()) }
        }
      }
      var workers = seen.withLock { $0 }
      workers.remove(threadNumber())
      usleep(20_000)
      let before = computed(by: workers)
      usleep(300_000)
      let after = computed(by: workers)
      #expect(before.count == workers.count && after.count == workers.count)
      for (worker, time) in before {
        let used = try #require(after[worker]) - time
        #expect(time > 0)
        #expect(used < 10e6, "an idle worker computed for \(used) ns in 0.3 s")
      }
      withExtendedLifetime(pool) {}
    }
  #endif
}
