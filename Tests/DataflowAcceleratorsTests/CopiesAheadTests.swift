import Dataflow
import Foundation
import TestSupport
import Testing

@testable import DataflowAccelerators

/// Tensors that are copied to a device before they are fed.
@Suite(.timeLimit(.minutes(10))) struct CopiesAheadTests {
  private let cuda = FakeCUDA()

  private func tensors(_ counts: [Int], seed: UInt64 = 1) -> [Tensor] {
    counts.enumerated().map { Tensor.random([$1], seed: seed + UInt64($0)) }
  }

  /// Uploads tensors as runs do and returns what the device has then.
  private func uploaded(_ tensors: [Tensor], to queue: AcceleratorQueue) throws -> [Tensor] {
    let blocks = try tensors.map { try queue.allocate(byteCount: max(1, $0.byteCount)) }
    for (tensor, block) in zip(tensors, blocks) {
      try tensor.withBytes { bytes in
        try queue.upload(bytes.baseAddress!, to: block.base, byteCount: bytes.count)
      }
    }
    let results = tensors.map { AlignedStorage(byteCount: $0.byteCount) }
    for (block, result) in zip(blocks, results) {
      try queue.download(block.base, to: result.base, byteCount: result.byteCount)
    }
    try queue.synchronize()
    return zip(tensors, results).map {
      Tensor(storage: $1, shape: $0.shape, elementType: $0.elementType)
    }
  }

  private func expectEqual(_ found: [Tensor], _ expected: [Tensor]) {
    #expect(found.count == expected.count)
    for (a, b) in zip(found, expected) { #expect(a.hasSameBits(as: b)) }
  }

  private static let sizes = [[3], [0, 1, 700, 33], [Staging.blockSize / 8 * 3 + 5, 12]]

  @Test(arguments: sizes, [false, true]) func whatWasSentIsThere(counts: [Int], isLazy: Bool) throws
  {
    cuda.withState { $0.isLazy = isLazy }
    do {
      let queue = try AcceleratorQueue(cuda.makeDriver())
      for round in 0..<3 {
        let tensors = tensors(counts, seed: UInt64(10 * round))
        let sent = queue.sendAhead(tensors)
        #expect(sent != nil)
        _ = cuda.takeCalls()
        expectEqual(try uploaded(tensors, to: queue), tensors)
        let calls = cuda.takeCalls()
        #expect(calls.filter { $0 == "streamAwaitsEvent" }.count == 1)
        #expect(calls.filter { $0.hasPrefix("move") }.count == counts.filter { $0 > 0 }.count)
        #expect(!calls.contains { $0.hasPrefix("upload") && !$0.hasSuffix("beside") })
        // It may be wanted again.
        expectEqual(try uploaded(tensors, to: queue), tensors)
        withExtendedLifetime(sent) {}
      }
      // Nothing is left of what was sent.
      let tensors = tensors(counts, seed: 90)
      _ = queue.sendAhead(tensors)
      _ = cuda.takeCalls()
      expectEqual(try uploaded(tensors, to: queue), tensors)
      #expect(!cuda.takeCalls().contains { $0.hasPrefix("move") })
    }
    #expect(cuda.leaks == [])
  }

  @Test(.enabled(if: TestDevice.isPresent, TestDevice.absence), arguments: sizes)
  func whatWasSentToADeviceIsThere(counts: [Int]) throws {
    let queue = try #require(TestDevice.device!.memory as? AcceleratorQueue)
    var sent: [(any TensorsAhead)?] = []
    for round in 0..<6 {
      let tensors = tensors(counts, seed: UInt64(10 * round))
      sent.append(queue.sendAhead(tensors))
      #expect(sent.last! != nil)
      expectEqual(try uploaded(tensors, to: queue), tensors)
      if round % 2 == 1 { sent = [] }
    }
  }

  /// A tensor that changes is another one.
  @Test func changedTensorsAreCopied() throws {
    let queue = try AcceleratorQueue(cuda.makeDriver())
    var tensor = tensors([100])[0]
    let sent = queue.sendAhead([tensor])
    tensor.withMutableBytes { $0[0] ^= 1 }
    expectEqual(try uploaded([tensor], to: queue), [tensor])
    #expect(cuda.takeCalls().contains("upload 800"))
    withExtendedLifetime(sent) {}
  }

  private func session() throws -> (Session, x: Value, y: Value, memory: any DeviceMemory) {
    let device = try cuda.makeAccelerator()
    let graph = Graph()
    let x = graph.placeholder(.float64, ["n"], name: "x")
    let y = sum(exp(x) * 2, name: "y")
    var options = SessionOptions()
    options.placement.devices.append(device)
    options.placement.defaultDevice = device.name
    return (Session(graph, options: options), x, y, device.memory!)
  }

  /// The next tensor's copy is asked for while the device works for this one, and the step of that waits for no
  /// copy from the host.
  @Test func copiesBeginBeforeAStepIsWaitedFor() throws {
    do {
      let (session, x, y, memory) = try session()
      let tensors = (0..<5).map { self.tensors([1000], seed: $0)[0] }
      let places = Locked(0)
      let ahead = PrefetchQueue<(Tensor, (any TensorsAhead)?)>(capacity: 1) {
        let place = places.withLock { place in
          defer { place += 1 }
          return place
        }
        return place < tensors.count ? (tensors[place], memory.sendAhead([tensors[place]])) : nil
      }
      for step in 0..<tensors.count {
        let next = try #require(try ahead.next())
        cuda.withState { $0.awaitedCopiesBeside = min(step + 2, tensors.count) }
        _ = try session.run([y], feeds: [x: next.0])
        withExtendedLifetime(next) {}
      }
      let calls = cuda.takeCalls()
      #expect(!calls.contains("upload 8000"))
      #expect(calls.filter { $0 == "move 8000" }.count == tensors.count)
      let sent = calls.indices.filter { calls[$0] == "upload 8000 beside" }
      let waits = calls.indices.filter { calls[$0] == "synchronize" }
      #expect(sent.count == tensors.count && waits.count == tensors.count)
      for (next, wait) in zip(sent.dropFirst(), waits) { #expect(next < wait, "\(calls)") }
      #expect(try ahead.next() == nil)
    }
    #expect(cuda.leaks == [])
  }

  /// Two blocks are all that a training wants, and they are used again.
  @Test func blocksAreUsedAgain() throws {
    let queue = try AcceleratorQueue(cuda.makeDriver())
    var sent: [(any TensorsAhead)?] = []
    for round in 0..<10 {
      sent.append(queue.sendAhead(tensors([1000 + round], seed: UInt64(round))))
      if sent.count == 2 { sent.removeFirst() }
    }
    #expect(cuda.takeCalls().filter { $0 == "allocate" }.count == 2)
  }

  /// What cannot be sent is copied when it is fed.
  @Test(arguments: ["createStream", "createEvent", "allocate", "upload", "recordEvent"])
  func whatCannotBeSentIsCopied(call: String) throws {
    do {
      let queue = try AcceleratorQueue(cuda.makeDriver())
      let tensors = tensors([700, 5])
      cuda.fail(call)
      let sent = queue.sendAhead(tensors)
      #expect(sent == nil)
      cuda.withState { $0.failing = nil }
      expectEqual(try uploaded(tensors, to: queue), tensors)
    }
    #expect(cuda.leaks == [])
  }

  /// What fails of it when it is fed is the run's error, and the next run copies.
  @Test(arguments: ["streamAwaitsEvent", "move"]) func whatFailsIsSaid(call: String) throws {
    do {
      let (session, x, y, memory) = try session()
      let tensor = tensors([100])[0]
      let sent = memory.sendAhead([tensor])
      cuda.fail(call)
      let error = #expect(throws: GraphError.self) { try session.run([y], feeds: [x: tensor]) }
      #expect(error?.message.hasSuffix("out of memory (2)") == true)
      #expect(error?.node != nil)
      cuda.withState { $0.failing = nil }
      _ = try session.run([y], feeds: [x: tensor])
      withExtendedLifetime(sent) {}
    }
    #expect(cuda.leaks == [])
  }

  /// A run gets the memory that it needs: what was sent goes then.
  @Test func runsHaveTheMemoryFirst() throws {
    do {
      let queue = try AcceleratorQueue(cuda.makeDriver())
      let tensors = tensors([1000, 1000])
      let sent = queue.sendAhead(tensors)
      // What runs need alone.
      cuda.withState { $0.size = 16_000 }
      _ = cuda.takeCalls()
      expectEqual(try uploaded(tensors, to: queue), tensors)
      let calls = cuda.takeCalls()
      #expect(calls.contains("free") && calls.contains("upload 8000"))
      withExtendedLifetime(sent) {}
      // There is room for nothing else.
      let block = try queue.allocate(byteCount: 16_000)
      #expect(queue.sendAhead(tensors) == nil)
      #expect(throws: AcceleratorError.self) { try queue.allocate(byteCount: 1) }
      withExtendedLifetime(block) {}
    }
    #expect(cuda.leaks == [])
  }

  /// Many threads send and upload at once; each gets its own.
  @Test(.enabled(if: TestDevice.isPresent, TestDevice.absence))
  func manyThreads() async throws {
    try await onManyThreads { queue, thread, round in
      let tensors = tensors(
        [5 + thread, 7000 * (round % 3 + 1)], seed: UInt64(100 * thread + 10 * round))
      let sent = queue.sendAhead(tensors)
      expectEqual(try uploaded(tensors, to: queue), tensors)
      if round % 2 == 0 { expectEqual(try uploaded(tensors, to: queue), tensors) }
      withExtendedLifetime(sent) {}
    }
  }
}
