import Foundation
import Synchronization
import TestSupport
import Testing

@testable import DataflowPipelines

private struct Failure: Error, Equatable { let number: Int }

/// A count that producers and tests share.
private final class Counter: Sendable {
  private let count = Atomic<Int>(0)
  var value: Int { count.load(ordering: .sequentiallyConsistent) }
  @discardableResult func increment() -> Int {
    count.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue
  }
}

@Suite struct PrefetchQueueTests {
  /// A queue of the numbers below `count`.
  private func numbers(below count: Int, capacity: Int) -> PrefetchQueue<Int> {
    let made = Counter()
    return PrefetchQueue(capacity: capacity) {
      let number = made.increment() - 1
      return number < count ? number : nil
    }
  }

  private func wait(until condition: () -> Bool) async throws {
    while !condition() { try await Task.sleep(for: .milliseconds(1)) }
  }

  @Test(.timeLimit(.minutes(10)), arguments: [1, 2, 3, 100], [0, 1, 2, 5, 1000])
  func elementsComeInOrderAndEnd(capacity: Int, count: Int) throws {
    let queue = numbers(below: count, capacity: capacity)
    for number in 0..<count { #expect(try queue.next() == number) }
    for _ in 0..<3 { #expect(try queue.next() == nil) }
  }

  @Test(.timeLimit(.minutes(10)), arguments: [1, 2, 5])
  func errorsComeInOrder(capacity: Int) throws {
    let made = Counter()
    let queue = PrefetchQueue<Int>(capacity: capacity) {
      let number = made.increment() - 1
      if number == 4 { throw Failure(number: number) }
      return number
    }
    for number in 0..<4 { #expect(try queue.next() == number) }
    for _ in 0..<3 { #expect(throws: Failure(number: 4)) { try queue.next() } }
  }

  /// The elements made never exceed those taken by more than the capacity.
  @Test(.timeLimit(.minutes(10)), arguments: [1, 2, 7])
  func theProducerRunsAheadByTheCapacity(capacity: Int) async throws {
    let made = Counter()
    let queue = PrefetchQueue<Int>(capacity: capacity) { made.increment() }
    for taken in 0..<20 {
      try await wait { made.value == taken + capacity }
      try await Task.sleep(for: .milliseconds(2))
      #expect(made.value == taken + capacity)
      #expect(try queue.next() == taken + 1)
    }
  }

  /// A producer that nothing but its thread holds: it goes when the thread ends.
  private func endless(
    capacity: Int, holding resource: Counter
  ) -> PrefetchQueue<Int> {
    PrefetchQueue(capacity: capacity) { resource.increment() }
  }

  @Test(.timeLimit(.minutes(10)), arguments: [1, 4])
  func closingEndsTheProducer(capacity: Int) async throws {
    var resource: Counter? = Counter()
    weak let held = resource
    let queue = endless(capacity: capacity, holding: resource!)
    resource = nil
    #expect(try queue.next() == 1)
    #expect(held != nil)
    queue.close()
    queue.close()
    #expect(try queue.next() == nil)
    try await wait { held == nil }
  }

  @Test(.timeLimit(.minutes(10))) func lettingGoOfTheQueueEndsTheProducer() async throws {
    var resource: Counter? = Counter()
    weak let held = resource
    var queue: PrefetchQueue? = endless(capacity: 2, holding: resource!)
    resource = nil
    #expect(try queue?.next() == 1)
    queue = nil
    try await wait { held == nil }
  }

  @Test(.timeLimit(.minutes(10))) func theEndAndAnErrorEndTheThread() async throws {
    for fails in [false, true] {
      var resource: Counter? = Counter()
      weak let held = resource
      let queue = PrefetchQueue<Int>(capacity: 2) { [resource] in
        resource!.increment()
        if fails { throw Failure(number: 0) }
        return nil
      }
      resource = nil
      try await wait { held == nil }
      withExtendedLifetime(queue) {}
    }
  }

  /// A consumer that waits for an element which never comes is let go by `close`.
  @Test(.timeLimit(.minutes(10))) func closingWakesTheConsumer() async throws {
    let gate = DispatchSemaphore(value: 0)
    let started = Counter()
    let queue = PrefetchQueue<Int>(capacity: 1) {
      started.increment()
      gate.wait()
      return 1
    }
    let results = Counter()
    Thread.detachNewThread {
      if (try? queue.next()) == .some(nil) { results.increment() }
    }
    try await wait { started.value == 1 }
    try await Task.sleep(for: .milliseconds(5))
    queue.close()
    try await wait { results.value == 1 }
    gate.signal()
  }

  /// Every element reaches one of the consumers.
  @Test(.timeLimit(.minutes(10)), arguments: [1, 8])
  func severalConsumersShareTheElements(capacity: Int) async throws {
    let queue = numbers(below: 4000, capacity: capacity)
    let taken = Locked<[Int]>([])
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<2 {
        group.addTask {
          while let number = try? queue.next() { taken.withLock { $0.append(number) } }
        }
      }
    }
    #expect(taken.withLock { $0.sorted() } == Array(0..<4000))
  }

  @Test(.timeLimit(.minutes(10))) func everyQueueHasAThreadOfItsOwn() throws {
    let threads = Locked<[Int: Set<pthread_t>]>([:])
    let queues = (0..<40).map { index in
      PrefetchQueue<Int>(capacity: 1) {
        threads.withLock { _ = $0[index, default: []].insert(pthread_self()) }
        return index
      }
    }
    for _ in 0..<5 {
      for (index, queue) in queues.enumerated() { #expect(try queue.next() == index) }
    }
    let used = threads.withLock { $0 }
    #expect(used.values.allSatisfy { $0.count == 1 })
    #expect(Set(used.values).count == 40)
  }

  // MARK: Several threads

  /// Numbers that are made side by side, some slowly.
  private func numbers(
    below count: Int, capacity: Int, threads: Int, failingAt failure: Int? = nil
  ) -> PrefetchQueue<Int> {
    let asked = Counter()
    return PrefetchQueue(
      capacity: capacity, threads: threads,
      next: {
        let number = asked.increment() - 1
        return number < count ? number : nil
      },
      make: { number in
        if number % 7 == 3 { usleep(200) }
        if number == failure { throw Failure(number: number) }
        return number
      })
  }

  @Test(.timeLimit(.minutes(10)), arguments: [1, 2, 3, 8], [1, 2, 5, 20])
  func elementsComeInOrderFromAnyNumberOfThreads(threads: Int, capacity: Int) throws {
    for count in [0, 1, 2, 300] {
      let queue = numbers(below: count, capacity: capacity, threads: threads)
      for number in 0..<count { #expect(try queue.next() == number) }
      for _ in 0..<3 { #expect(try queue.next() == nil) }
      #expect(queue.statistics.taken == count)
    }
  }

  @Test(.timeLimit(.minutes(10)), arguments: [1, 2, 5], [1, 3, 20])
  func anErrorComesInItsPlace(threads: Int, capacity: Int) throws {
    for failure in [0, 1, 10, 45] {
      let queue = numbers(below: 50, capacity: capacity, threads: threads, failingAt: failure)
      for number in 0..<failure { #expect(try queue.next() == number) }
      for _ in 0..<3 { #expect(throws: Failure(number: failure)) { try queue.next() } }
    }
  }

  /// What is asked for never exceeds what was taken by more than the room of the elements.
  @Test(.timeLimit(.minutes(10)), arguments: [1, 3])
  func roomFollowsTheLargestElement(threads: Int) async throws {
    let asked = Counter()
    let queue = PrefetchQueue<Int>(
      capacity: 8, threads: threads, room: { 12 / $0 }, next: { asked.increment() },
      make: { $0 < 6 ? 2 : 6 })
    #expect(try queue.next() == 2)
    // Six of size 2 have room, until one of size 6 is made.
    try await wait { asked.value >= 6 }
    for _ in 0..<4 { #expect(try queue.next() == 2) }
    for taken in 5..<20 {
      try await Task.sleep(for: .milliseconds(2))
      #expect(asked.value <= taken + 6)
      #expect(try queue.next() == 6)
    }
    try await Task.sleep(for: .milliseconds(5))
    #expect(asked.value <= 22)
  }

  @Test(.timeLimit(.minutes(10))) func waitingIsCounted() throws {
    let slow = PrefetchQueue<Int>(capacity: 2) {
      usleep(2000)
      return 1
    }
    for _ in 0..<5 { _ = try slow.next() }
    #expect(slow.statistics.taken == 5)
    #expect(slow.statistics.waits > 0)
    #expect(slow.statistics.waitingTime > .zero)
  }
}
