import Dataflow
import Foundation
import TestSupport
import Testing

private func element(_ number: Int) -> [Tensor] { [Tensor(Int32(number))] }

private func numbers(_ elements: [[Tensor]]?) -> [Int]? {
  elements?.map { Int($0[0].scalar(as: Int32.self)) }
}

/// Runs `body` on a thread of its own.
private func background(_ body: @escaping @Sendable () -> Void) -> DispatchSemaphore {
  let done = DispatchSemaphore(value: 0)
  Thread {
    body()
    done.signal()
  }.start()
  return done
}

@Suite(.timeLimit(.minutes(20))) struct TensorQueueTests {
  @Test func elementsLeaveInOrder() throws {
    let queue = TensorQueue(capacity: 10)
    _ = try queue.enqueue((0..<7).map(element))
    #expect(numbers(try queue.dequeue(3)) == [0, 1, 2])
    queue.close()
    #expect(numbers(try queue.dequeue(2)) == [3, 4])
    #expect(numbers(try queue.dequeue(3)) == nil)
    #expect(queue.count == 2)
    #expect(numbers(try queue.dequeue(3, takesFewer: true)) == [5, 6])
    #expect(numbers(try queue.dequeue(3, takesFewer: true)) == nil)
    guard case .ended = try queue.enqueue([element(1)]) else {
      Issue.record("a closed queue takes nothing")
      return
    }
  }

  @Test func batchesMayBeLargerThanTheQueue() throws {
    let queue = TensorQueue(capacity: 2)
    let done = background { _ = try? queue.enqueue((0..<20).map(element)) }
    #expect(numbers(try queue.dequeue(15)) == Array(0..<15))
    #expect(numbers(try queue.dequeue(5)) == Array(15..<20))
    done.wait()
  }

  @Test func shufflesKeepTheirMinimumAndSeed() throws {
    func order(seed: UInt64) throws -> [Int] {
      let queue = TensorQueue(capacity: nil, order: .shuffled(minimum: 5, seed: seed))
      _ = try queue.enqueue((0..<50).map(element))
      var result = numbers(try queue.dequeue(45))!
      let soon = Cancellation(deadline: .now + .milliseconds(20))
      #expect(throws: RunInterruption.deadlineExceeded) {
        try queue.dequeue(1, cancellation: soon)
      }
      queue.close()
      result += numbers(try queue.dequeue(5))!
      return result
    }
    let first = try order(seed: 3)
    #expect(first.sorted() == Array(0..<50) && first != Array(0..<50))
    #expect(try order(seed: 3) == first)
    #expect(try order(seed: 4) != first)
  }

  @Test func closingWakesWhoWaits() throws {
    for cancelsPending in [false, true] {
      let queue = TensorQueue(capacity: 1)
      let results = Locked([[Int]?]())
      let dequeuer = background {
        let taken = try? queue.dequeue(5)
        results.withLock { $0.append(numbers(taken ?? nil)) }
      }
      usleep(2000)
      queue.close(cancelsPending: cancelsPending)
      dequeuer.wait()
      #expect(results.withLock { $0 } == [nil])
    }
    let full = TensorQueue(capacity: 1)
    _ = try full.enqueue([element(0)])
    let enqueuer = background { _ = try? full.enqueue([element(1), element(2)]) }
    usleep(2000)
    full.close(cancelsPending: true)
    enqueuer.wait()
    #expect(numbers(try full.dequeue(3, takesFewer: true)) == [0])
  }

  @Test func pendingEnqueuesFinishAfterAnOrdinaryClose() throws {
    let queue = TensorQueue(capacity: 1)
    _ = try queue.enqueue([element(0)])
    let enqueuer = background { _ = try? queue.enqueue([element(1), element(2)]) }
    while queue.pendingEnqueues == 0 { usleep(100) }
    queue.close()
    #expect(numbers(try queue.dequeue(3)) == [0, 1, 2])
    enqueuer.wait()
  }

  @Test func cancellingLosesNothing() throws {
    let queue = TensorQueue(capacity: 10)
    _ = try queue.enqueue((0..<3).map(element))
    let cancellation = Cancellation()
    let waiter = background {
      #expect(throws: RunInterruption.cancelled) {
        try queue.dequeue(5, cancellation: cancellation)
      }
    }
    usleep(2000)
    cancellation.cancel()
    waiter.wait()
    #expect(numbers(try queue.dequeue(3)) == [0, 1, 2])
  }

  /// Many producers and consumers of small queues: everything arrives once, whoever closes when.
  @Test(arguments: [1, 2, 7], [1, 3]) func nothingIsLostOrDoubled(capacity: Int, batch: Int) throws
  {
    for round in 0..<20 {
      let queue = TensorQueue(
        capacity: capacity,
        order: round % 2 == 0 ? .firstInFirstOut : .shuffled(minimum: 0, seed: 1))
      let received = Locked([Int]())
      let producers = (0..<3).map { producer in
        background {
          for start in stride(from: 0, to: 30, by: batch) {
            let range = start..<min(start + batch, 30)
            _ = try? queue.enqueue(range.map { element(producer * 100 + $0) })
          }
        }
      }
      let consumers = (0..<3).map { _ in
        background {
          while let taken = try? queue.dequeue(2, takesFewer: true) {
            received.withLock { $0 += numbers(taken)! }
          }
        }
      }
      for producer in producers { producer.wait() }
      queue.close()
      for consumer in consumers { consumer.wait() }
      let expected = (0..<3).flatMap { producer in (0..<30).map { producer * 100 + $0 } }
      #expect(received.withLock { $0.sorted() } == expected)
    }
  }
}

/// Makes a queue that takes anything.
private struct OpenQueue: QueueOperation {
  static let name = "OpenQueue"
  var componentTypes: [ElementType] { [.float32] }
  var shapes: [SymbolicShape] { [[]] }
  var attributes: Attributes { [:] }

  init() {}
  init(attributes: Attributes) {}

  func makeQueue() -> TensorQueue { TensorQueue(capacity: nil) }
}

@Suite(.timeLimit(.minutes(20))) struct QueueOperationTests {
  private let graph = Graph()

  @Test func graphsAreFedFromQueues() throws {
    let shapes: [SymbolicShape] = [[2], []]
    let types: [ElementType] = [.float64, .int32]
    let queue = try graph.add(
      FIFOQueueV2(componentTypes: types, shapes: shapes, capacity: 3)
    ).output
    let counter = try graph.variable(Tensor(0.0), name: "counter")
    let pair = try graph.add(Pack(axis: 0), [counter.value, square(counter.value)]).output
    let next = try graph.add(Assign(), [counter.value, counter.value + 1])
    let label = cast(counter.value, to: .int32)
    let enqueue = try graph.add(QueueEnqueueV2(), [queue, pair, label])
    let batch = try graph.add(
      QueueDequeueManyV2(4, componentTypes: types, shapes: shapes), [queue])
    #expect(batch[0].shape == [4, 2] && batch[1].shape == [4])
    let session = Session(graph)
    try session.initializeVariables()
    let coordinator = Coordinator()
    let step = graph.group([enqueue, next])
    try QueueRunner(queue, enqueues: [step]).start(session, coordinator)
    for round in 0..<5 {
      let results = try session.run([batch[0], batch[1]])
      let numbers = (0..<4).map { Double(4 * round + $0) }
      #expect(results[0].scalars(as: Double.self) == numbers.flatMap { [$0, $0 * $0] })
      #expect(results[1].scalars(as: Int32.self) == numbers.map { Int32($0) })
    }
    coordinator.requestStop()
    try coordinator.join()
  }

  /// A queue takes the tensors that it was made for: others are an error of who puts them in.
  @Test func otherComponentsThanTheQueuesAreRefused() throws {
    let queue = try graph.add(
      PaddingFIFOQueueV2(componentTypes: [.float32, .int32], shapes: [["n", 2], []])
    ).output
    let size = try graph.add(QueueSizeV2(), [queue]).output
    let session = Session(graph)
    let (rows, label) = (Tensor(zeros: [3, 2], elementType: .float32), Tensor(1 as Int32))
    for (tensors, message) in [
      ([rows], "an element has 1 components, those of the queue have 2"),
      ([label, label], "component 0 is int32[], the queue's is float[n, 2]"),
      ([rows, Tensor(1.0)], "component 1 is double[], the queue's is int32[]"),
      (
        [Tensor(zeros: [2, 3], elementType: .float32), label],
        "component 0 is float[2, 3], the queue's is float[n, 2]"
      ),
      (
        [Tensor(zeros: [2], elementType: .float32), label],
        "component 0 is float[2], the queue's is float[n, 2]"
      ),
    ] {
      let values = [queue] + tensors.map { graph.constant($0) }
      let enqueue = try graph.add(QueueEnqueueV2(), values)
      let error = #expect(throws: GraphError.self) { try session.run([], targets: [enqueue]) }
      #expect(error?.message == message && error?.node == enqueue.name)
    }
    let many = try graph.add(
      QueueEnqueueManyV2(),
      [queue, graph.constant(Tensor.random([4, 3, 3])), graph.constant(Tensor([1, 2, 3, 4]))])
    let error = #expect(throws: GraphError.self) { try session.run([], targets: [many]) }
    #expect(error?.message == "component 0 is double[3, 3], the queue's is float[n, 2]")
    #expect(error?.node == many.name)
    for count in [0, 5] {
      let fitting = Tensor(zeros: [count, 2], elementType: .float32)
      let enqueue = try graph.add(
        QueueEnqueueV2(), [queue, graph.constant(fitting), graph.constant(label)])
      _ = try session.run([], targets: [enqueue])
    }
    #expect(try session.run([size])[0] == Tensor(2 as Int32))
  }

  @Test func otherComponentsThanAskedForAreAnError() throws {
    let queue = try graph.add(FIFOQueueV2(componentTypes: [.float32], shapes: [[2]])).output
    let enqueue = try graph.add(
      QueueEnqueueV2(), [queue, graph.constant(Tensor([1, 2] as [Float]))])
    let one = try graph.add(
      QueueDequeueV2(componentTypes: [.int32], shapes: [[2]]), [queue])
    let two = try graph.add(
      QueueDequeueV2(componentTypes: [.int32, .int32], shapes: [[2], [2]]), [queue])
    let session = Session(graph)
    for (node, message) in [
      (one, "output 0 has the type float, expected int32"),
      (two, "got 1 tensors for 2 outputs"),
    ] {
      _ = try session.run([], targets: [enqueue])
      let error = #expect(throws: GraphError.self) { try session.run(node.outputs) }
      #expect(error?.message == message)
    }
  }

  /// Also where the queue takes anything.
  @Test func elementsOfABatchAreAlike() throws {
    let queue = try graph.add(OpenQueue()).output
    let batch = try graph.add(
      QueueDequeueManyV2(2, componentTypes: [.float32], shapes: [[2]]), [queue]
    ).output
    let session = Session(graph)
    func put(_ tensors: [Tensor]) throws {
      let enqueue = try graph.add(QueueEnqueueV2(), [queue] + tensors.map { graph.constant($0) })
      _ = try session.run([], targets: [enqueue])
    }
    let first = Tensor([1, 2] as [Float])
    for (other, message) in [
      ([Tensor([1.0, 2])], "component 0 is double[2], of the first element float[2]"),
      ([Tensor(1 as Float)], "component 0 is float[], of the first element float[2]"),
      ([first, first], "an element has 2 components, the first one 1"),
    ] {
      try put([first])
      try put(other)
      let error = #expect(throws: GraphError.self) { try session.run([batch]) }
      #expect(error?.message == message)
    }
  }

  @Test func handlesAreScalars() throws {
    let handles = graph.placeholder(.resource, [0])
    let error = #expect(throws: GraphError.self) { try graph.add(QueueSizeV2(), [handles]) }
    #expect(error?.message == "the queue has shape [0], expected rank 0")
  }

  /// Tensors of a batch have as many rows each.
  @Test func rowsOfABatchMustBeAsMany() throws {
    let queue = try graph.add(
      FIFOQueueV2(componentTypes: [.float64, .float64], shapes: [[], []])
    ).output
    let x = graph.placeholder(.float64, ["n"])
    let y = graph.placeholder(.float64, ["m"])
    let enqueue = try graph.add(QueueEnqueueManyV2(), [queue, x, y])
    let session = Session(graph)
    let size = try graph.add(QueueSizeV2(), [queue]).output
    for (first, second) in [(5, 3), (3, 5)] {
      let feeds = [
        x: Tensor(Array(repeating: 1.0, count: first)),
        y: Tensor(Array(repeating: 1.0, count: second)),
      ]
      let error = #expect(throws: GraphError.self) {
        try session.run([], feeds: feeds, targets: [enqueue])
      }
      #expect(error?.message == "the sizes m and n are \(second) and \(first), expected the same")
    }
    #expect(try session.run([size])[0] == Tensor(0 as Int32))
  }

  @Test func theEndIsAValue() throws {
    let types: [ElementType] = [.float64]
    let queue = try graph.add(FIFOQueueV2(componentTypes: types, shapes: [["n"]])).output
    let x = graph.placeholder(.float64, ["n"])
    let enqueue = try graph.add(QueueEnqueueV2(), [queue, x])
    let close = try graph.add(QueueCloseV2(), [queue])
    let size = try graph.add(QueueSizeV2(), [queue]).output
    let taken = try graph.add(QueueDequeueV2(componentTypes: types, shapes: [["n"]]), [queue])
      .output
    let total = sum(taken)
    let session = Session(graph)
    for length in 1...3 {
      let input = Tensor(Array(repeating: 1.0, count: length))
      _ = try session.run([], feeds: [x: input], targets: [enqueue])
    }
    _ = try session.run([], targets: [close])
    #expect(try session.run([size])[0] == Tensor(3 as Int32))
    var sums: [Double] = []
    while let results = try session.runUnlessEnded([total]) {
      sums.append(results[0].scalar(as: Double.self))
    }
    #expect(sums == [1, 2, 3])
    let ended = QueueEnded(node: taken.node.name)
    #expect(throws: ended) { try session.run([total]) }
    #expect("\(ended)".hasSuffix(": the queue is closed and has too few elements left"))
    // What is put in does not ask for elements.
    let many = try graph.add(
      QueueEnqueueManyV2(), [queue, graph.constant(Tensor(shape: [1, 1], scalars: [1.0]))])
    for node in [enqueue, many] {
      let closed = #expect(throws: QueueEnded.self) {
        try session.run([], feeds: [x: Tensor([1.0])], targets: [node])
      }
      #expect(closed?.description == "\(node.name): the queue is closed")
    }
  }

  @Test func paddingFillsUpWithZeros() throws {
    let types: [ElementType] = [.float64]
    let shapes: [SymbolicShape] = [["rows", "columns"]]
    let queue = try graph.add(PaddingFIFOQueueV2(componentTypes: types, shapes: shapes)).output
    let x = graph.placeholder(.float64, ["r", "c"])
    let enqueue = try graph.add(QueueEnqueueV2(), [queue, x])
    let batch = try graph.add(
      QueueDequeueUpToV2(5, componentTypes: types, shapes: shapes, pads: true), [queue]
    ).output
    let close = try graph.add(QueueCloseV2(), [queue])
    let session = Session(graph)
    for tensor in [
      Tensor(shape: [1, 2], scalars: [1.0, 2]), Tensor(shape: [2, 1], scalars: [3.0, 4]),
    ] { _ = try session.run([], feeds: [x: tensor], targets: [enqueue]) }
    _ = try session.run([], targets: [close])
    let result = try session.run([batch])[0]
    #expect(result == Tensor(shape: [2, 2, 2], scalars: [1.0, 2, 0, 0, 3, 0, 4, 0]))
  }

  @Test func aWaitingRunLetsOthersCompute() throws {
    let queue = try graph.add(FIFOQueueV2(componentTypes: [.float64], shapes: [[]])).output
    let x = graph.placeholder(.float64, [])
    let enqueue = try graph.add(QueueEnqueueV2(), [queue, x])
    let taken = try graph.add(QueueDequeueV2(componentTypes: [.float64], shapes: [[]]), [queue])
      .output
    let session = Session(graph)
    let found = Locked([Double]())
    let waiter = background {
      let result = try? session.run([taken * 2])[0].scalar(as: Double.self)
      found.withLock { $0.append(result ?? -1) }
    }
    usleep(2000)
    #expect(try session.run([x + 1], feeds: [x: Tensor(1.0)])[0] == Tensor(2.0))
    _ = try session.run([], feeds: [x: Tensor(21.0)], targets: [enqueue])
    waiter.wait()
    #expect(found.withLock { $0 } == [42])
  }

  /// In one run a queue is filled before it is emptied, whichever was added first.
  @Test(arguments: [1, 2]) func aRunFillsBeforeItTakes(threads: Int) throws {
    let (types, shapes): ([ElementType], [SymbolicShape]) = ([.float64], [[]])
    func queue() throws -> Value {
      try graph.add(FIFOQueueV2(componentTypes: types, shapes: shapes, capacity: 3)).output
    }
    let (first, second) = (try queue(), try queue())
    let dequeue = QueueDequeueV2(componentTypes: types, shapes: shapes)
    let last = try graph.add(dequeue, [second]).output
    let middle = try graph.add(dequeue, [first]).output
    let x = graph.placeholder(.float64, [])
    let pass = try graph.add(QueueEnqueueV2(), [second, square(middle)])
    let enqueue = try graph.add(QueueEnqueueV2(), [first, x + 1])
    let session = Session(
      graph, options: SessionOptions(interOpParallelismThreads: threads))
    for number in 0..<3 {
      let results = try session.run(
        [last, middle], feeds: [x: Tensor(Double(number))], targets: [pass, enqueue],
        options: RunOptions(cancellation: Cancellation(deadline: .now + .seconds(60))))
      let expected = Double(number + 1)
      #expect(results == [Tensor(expected * expected), Tensor(expected)])
    }
    let rotate = try graph.add(QueueEnqueueV2(), [first, middle * 2])
    _ = try session.run([], feeds: [x: Tensor(4.0)], targets: [enqueue])
    for expected in [5.0, 10, 20] {
      // What is put in depends on what is taken out.
      #expect(try session.run([middle], targets: [rotate]) == [Tensor(expected)])
    }
  }

  /// Where a queue has room for one element, what is put in is taken out before the next.
  @Test(arguments: [1, 2]) func aRunFillsNoFurtherThanItTakes(threads: Int) throws {
    let (types, shapes): ([ElementType], [SymbolicShape]) = ([.float64], [[]])
    let queue = try graph.add(FIFOQueueV2(componentTypes: types, shapes: shapes, capacity: 1))
      .output
    let dequeue = QueueDequeueV2(componentTypes: types, shapes: shapes)
    let x = graph.placeholder(.float64, [])
    var (taken, filled): ([Value], [Node]) = ([], [])
    for factor in 1...3 {
      filled.append(try graph.add(QueueEnqueueV2(), [queue, x * Double(factor)]))
      taken.append(try graph.add(dequeue, [queue]).output)
    }
    let results = try Session(
      graph, options: SessionOptions(interOpParallelismThreads: threads)
    ).run(
      taken, feeds: [x: Tensor(2.0)], targets: filled,
      options: RunOptions(cancellation: Cancellation(deadline: .now + .seconds(60))))
    #expect(results == [Tensor(2.0), Tensor(4.0), Tensor(6.0)])
  }

  @Test func anErrorInAProducerReachesWhoJoins() throws {
    let queue = try graph.add(FIFOQueueV2(componentTypes: [.float64], shapes: [[]])).output
    let x = graph.placeholder(.float64, [], name: "unfed")
    let enqueue = try graph.add(QueueEnqueueV2(), [queue, x])
    let session = Session(graph)
    let coordinator = Coordinator()
    try QueueRunner(queue, enqueues: [enqueue, enqueue]).start(session, coordinator)
    let error = #expect(throws: GraphError.self) { try coordinator.join() }
    #expect(error?.node == "unfed")
  }

  /// Also one who has seen the end by then: the queue is closed when the coordinator knows why.
  @Test func anErrorIsKnownBeforeTheEndIsSeen() throws {
    let queue = try graph.add(FIFOQueueV2(componentTypes: [.float64], shapes: [[]])).output
    let x = graph.placeholder(.float64, [], name: "unfed")
    let enqueue = try graph.add(QueueEnqueueV2(), [queue, x])
    let taken = try graph.add(QueueDequeueV2(componentTypes: [.float64], shapes: [[]]), [queue])
      .output
    let runner = try QueueRunner(queue, enqueues: [enqueue])
    for _ in 0..<200 {
      let session = Session(graph)
      let coordinator = Coordinator()
      runner.start(session, coordinator)
      while try session.runUnlessEnded([taken]) != nil {}
      coordinator.requestStop()
      let error = #expect(throws: GraphError.self) { try coordinator.join() }
      #expect(error?.node == "unfed")
    }
  }
}
