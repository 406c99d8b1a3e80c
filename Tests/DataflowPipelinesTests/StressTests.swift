import Dataflow
import Foundation
import TestSupport
import Testing

/// Threads that meet in every order: run many times, and under the thread sanitizer, by
/// `Tests/thread_sanitizer.sh`.
@Suite(.serialized, .timeLimit(.minutes(120))) struct StressTests {
  private static let repetitions =
    ProcessInfo.processInfo.environment["STRESS_REPETITIONS"].flatMap(Int.init) ?? 100

  private func background(_ body: @escaping @Sendable () -> Void) -> DispatchSemaphore {
    let done = DispatchSemaphore(value: 0)
    DispatchQueue(label: "stress").async {
      body()
      done.signal()
    }
    return done
  }

  @Test func queuesThatAreClosedAndCancelledAtAnyMoment() {
    for repetition in 0..<Self.repetitions {
      var generator = PhiloxGenerator(seed: UInt64(repetition))
      let capacity = 1 + Int(generator.next() % 4)
      let queue = TensorQueue(
        capacity: capacity,
        order: repetition % 2 == 0 ? .firstInFirstOut : .shuffled(minimum: 0, seed: 1))
      let cancellation = Cancellation()
      let (sent, received) = (Locked(0), Locked(0))
      let producers = (0..<2).map { _ in
        background {
          for number in 0..<10 {
            let outcome = try? queue.enqueue(
              [[Tensor(Int32(number))]], cancellation: cancellation)
            guard case .done = outcome else { return }
            sent.withLock { $0 += 1 }
          }
        }
      }
      let size = 1 + Int(generator.next() % 3)
      let consumers = (0..<2).map { _ in
        background {
          while let taken = try? queue.dequeue(size, takesFewer: true, cancellation: cancellation) {
            received.withLock { $0 += taken.count }
          }
        }
      }
      let pause = generator.next() % 200
      let ending = generator.next() % 3
      usleep(UInt32(pause))
      if ending == 0 { cancellation.cancel() } else { queue.close(cancelsPending: ending == 1) }
      for thread in producers { thread.wait() }
      queue.close(cancelsPending: true)
      for thread in consumers { thread.wait() }
      #expect(sent.withLock { $0 } == received.withLock { $0 } + queue.count)
    }
  }

  @Test(arguments: [2, 3, 5]) func pools(threads: Int) {
    let pool = ComputePool(threads: threads)
    let results = UnsafeMutableBufferPointer<Int>.allocate(capacity: 9)
    defer { results.deallocate() }
    results.initialize(repeating: 0)
    var wrong = 0
    for repetition in 1...Self.repetitions {
      let shards = 1 + repetition % 9
      pool.run(shards: shards) { results[$0] = repetition * 10 + $0 }
      for shard in 0..<shards where results[shard] != repetition * 10 + shard { wrong += 1 }
    }
    #expect(wrong == 0)
  }

  @Test(arguments: [(2, 1), (2, 2), (3, 4)])
  func stepsSideBySide(inter: Int, intra: Int) throws {
    let random = RandomGraph(seed: 5, operations: 40)
    let expected = try Session(random.graph).run(random.fetches, feeds: random.feeds)
    let options = SessionOptions(
      intraOpParallelismThreads: intra, interOpParallelismThreads: inter)
    let session = Session(random.graph, options: options)
    for _ in 0..<Self.repetitions {
      let results = try session.run(random.fetches, feeds: random.feeds)
      #expect(zip(expected, results).allSatisfy { $0.hasSameBits(as: $1) })
    }
  }

  @Test func errorsAndCancellationsSideBySide() throws {
    let graph = Graph()
    let indices = graph.placeholder(.int32, [1])
    let x = graph.placeholder(.float64, [100])
    let branches = try (0..<6).map { branch in
      let input = (0..<3).reduce(x) { value, _ in tanh(value + Double(branch)) }
      return try graph.add(GatherV2(), [input, indices]).output
    }
    let session = Session(graph, options: SessionOptions(interOpParallelismThreads: 3))
    let input = Tensor(Array(repeating: 0.5, count: 100))
    for repetition in 0..<Self.repetitions {
      let isWrong = repetition % 3 == 0
      let cancellation = Cancellation()
      let canceller = background { if repetition % 3 == 1 { cancellation.cancel() } }
      do {
        _ = try session.run(
          branches, feeds: [x: input, indices: Tensor([isWrong ? 100 : 99] as [Int32])],
          options: RunOptions(cancellation: cancellation))
        #expect(!isWrong)
      } catch is RunInterruption {
        #expect(repetition % 3 == 1)
      } catch let error as GraphError {
        #expect(isWrong && error.operation == "GatherV2")
      }
      canceller.wait()
    }
  }
}
