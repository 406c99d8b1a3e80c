import Dataflow
import Foundation
import Synchronization
import Testing

@Suite struct ShuffledOrderTests {
  @Test func everyEpochMeetsEveryExampleOnce() {
    var order = ShuffledOrder(count: 17, seed: 5)
    let epochs = (0..<4).map { epoch in (0..<17).map { order.index(at: epoch * 17 + $0) } }
    for epoch in epochs { #expect(epoch.sorted() == Array(0..<17)) }
    #expect(Set(epochs).count == 4)
  }

  @Test func anyPositionGivesWhatTheWholeOrderGives() {
    var whole = ShuffledOrder(count: 7, seed: 1)
    let positions = (0..<70).map { whole.index(at: $0) }
    for start in [3, 7, 33, 69] {
      var resumed = ShuffledOrder(count: 7, seed: 1)
      #expect((start..<70).map { resumed.index(at: $0) } == Array(positions[start...]))
    }
  }

  @Test func seedsGiveDifferentOrders() {
    var (one, other) = (ShuffledOrder(count: 50, seed: 1), ShuffledOrder(count: 50, seed: 2))
    #expect((0..<50).map { one.index(at: $0) } != (0..<50).map { other.index(at: $0) })
  }
}

@Suite(.timeLimit(.minutes(1))) struct PrefetchQueueTests {
  /// Counts up to a limit, from any thread.
  private final class Counter: Sendable {
    private let value = Mutex(0)

    func next(below limit: Int) -> Int? {
      value.withLock { value in
        guard value < limit else { return nil }
        value += 1
        return value - 1
      }
    }

    var count: Int { value.withLock { $0 } }
  }

  @Test(arguments: [1, 2, 5]) func keepsTheOrder(capacity: Int) throws {
    let counter = Counter()
    let queue = PrefetchQueue(capacity: capacity) { counter.next(below: 200) }
    var elements: [Int] = []
    while let element = try queue.next() { elements.append(element) }
    #expect(elements == Array(0..<200))
    #expect(try queue.next() == nil)
  }

  @Test func neverRunsFurtherAheadThanItsCapacity() throws {
    let counter = Counter()
    let queue = PrefetchQueue(capacity: 3) { counter.next(below: 100) }
    #expect(try queue.next() == 0)
    Thread.sleep(forTimeInterval: 0.1)
    // One was taken, three wait.
    #expect(counter.count <= 4)
  }

  @Test func anErrorComesAfterWhatWasMadeBeforeIt() throws {
    struct Failure: Error {}
    let counter = Counter()
    let queue = PrefetchQueue(capacity: 10) { () throws -> Int? in
      guard let next = counter.next(below: 3) else { throw Failure() }
      return next
    }
    #expect(try (0..<3).map { _ in try queue.next() } == [0, 1, 2])
    #expect(throws: Failure.self) { try queue.next() }
  }

  @Test func closingWakesAWaitingConsumer() throws {
    let isReleased = Mutex(false)
    let queue = PrefetchQueue<Int>(capacity: 1) {
      while !isReleased.withLock({ $0 }) { Thread.sleep(forTimeInterval: 0.001) }
      return nil
    }
    Thread { queue.close() }.start()
    #expect(try queue.next() == nil)
    isReleased.withLock { $0 = true }
  }

  @Test func aDroppedQueueStopsItsProducer() {
    let counter = Counter()
    _ = PrefetchQueue(capacity: 2) { counter.next(below: .max) }
    Thread.sleep(forTimeInterval: 0.05)
    let made = counter.count
    Thread.sleep(forTimeInterval: 0.05)
    #expect(counter.count == made)
    #expect(made <= 3)
  }
}
