import Dataflow
import Foundation
import TestSupport
import Testing

@testable import DataflowAccelerators

/// Copies between the host's memory and a device's: nobody waits for them before the end, and nothing is read too
/// late or written too early.
@Suite(.timeLimit(.minutes(10))) struct StagingTests {
  private let cuda = FakeCUDA()

  private func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
    var generator = PhiloxGenerator(seed: seed, stream: 3)
    return [UInt8](unsafeUninitializedCapacity: count + 8) { buffer, used in
      for start in stride(from: 0, to: count, by: 8) {
        UnsafeMutableRawPointer(buffer.baseAddress! + start)
          .storeBytes(of: generator.next(), as: UInt64.self)
      }
      used = count
    }
  }

  /// Copies some tensors to the device and back, out of and into memory that is overwritten at once.
  private func checkCopies(_ queue: AcceleratorQueue, _ counts: [Int], seed: UInt64) throws {
    let all = counts.enumerated().map { bytes($1, seed: seed + UInt64($0)) }
    let blocks = try all.map { bytes in
      let block = try queue.allocate(byteCount: bytes.count)
      var copy = bytes
      try copy.withUnsafeMutableBytes { copy in
        try queue.upload(copy.baseAddress!, to: block.base, byteCount: copy.count)
        copy.initializeMemory(as: UInt8.self, repeating: 0x55)
      }
      return block
    }
    let targets = counts.map { AlignedStorage(byteCount: $0) }
    for (block, target) in zip(blocks, targets) {
      try queue.download(block.base, to: target.base, byteCount: target.byteCount)
    }
    try queue.synchronize()
    for (target, bytes) in zip(targets, all) {
      #expect(memcmp(target.base, bytes, bytes.count) == 0)
    }
  }

  private static let sizes = [
    [1], [4, 100, 3, 8], [Staging.blockSize], [Staging.blockSize - 1, 7],
    [Staging.blockSize * (Staging.mostBlocks + 2) + 5, 12],
  ]

  @Test(arguments: sizes) func copies(counts: [Int]) throws {
    cuda.withState { $0.isLazy = true }
    try checkCopies(AcceleratorQueue(cuda.makeDriver()), counts, seed: 1)
    #expect(cuda.leaks == [])
  }

  @Test(.enabled(if: TestDevice.isPresent, TestDevice.absence), arguments: sizes)
  func copiesOfDevice(counts: [Int]) throws {
    try checkCopies(#require(TestDevice.device!.memory as? AcceleratorQueue), counts, seed: 2)
  }

  /// Many threads use one device; each gets its own bytes.
  @Test(.enabled(if: TestDevice.isPresent, TestDevice.absence))
  func copiesOfManyThreads() async throws {
    try await onManyThreads { queue, thread, round in
      try checkCopies(
        queue, [5 + thread, 70_000 * (round % 3 + 1), Staging.blockSize / 3],
        seed: UInt64(100 * thread + round))
    }
  }

  /// No more blocks than there may be are made, one is waited for only where all are in use, and the
  /// device only at the end.
  @Test func blocksAreUsedAgain() throws {
    let queue = try AcceleratorQueue(cuda.makeDriver())
    let count = Staging.blockSize * (Staging.mostBlocks + 1)
    for run in 0..<2 {
      _ = cuda.takeCalls()
      try checkCopies(queue, [count], seed: 9)
      let calls = cuda.takeCalls()
      #expect(calls.filter { $0 == "allocateHost" }.count == (run == 0 ? Staging.mostBlocks : 0))
      // Up and down take ten blocks, six more than there are.
      #expect(calls.filter { $0 == "awaitEvent" }.count == Staging.mostBlocks + 2)
      #expect(calls.filter { $0 == "recordEvent" }.count == 2 * Staging.mostBlocks + 1)
      #expect(calls.filter { $0 == "synchronize" }.count == 1)
    }
  }

  /// Where no memory can be locked, ordinary memory does.
  @Test func memoryThatCannotBeLocked() throws {
    cuda.withState { $0.isLazy = true }
    cuda.fail("allocateHost")
    try checkCopies(AcceleratorQueue(cuda.makeDriver()), [10, Staging.blockSize + 1], seed: 4)
    #expect(!cuda.takeCalls().contains("freeHost"))
    #expect(cuda.leaks == [])
  }

  @Test(arguments: [
    "createEvent", "upload", "recordEvent", "awaitEvent", "download", "synchronize",
  ])
  func whatFailsIsSaid(call: String) throws {
    let queue = try AcceleratorQueue(cuda.makeDriver())
    cuda.fail(call)
    let error = #expect(throws: AcceleratorError.self) {
      try checkCopies(queue, [Staging.blockSize * (Staging.mostBlocks + 1)], seed: 5)
    }
    #expect(error?.description.hasSuffix("out of memory (2)") == true)
    cuda.withState { $0.failing = nil }
    if call == "synchronize" || call == "awaitEvent" {
      // Nobody knows what else was not copied.
      #expect(throws: AcceleratorError.self) { try queue.synchronize() }
    } else {
      try queue.synchronize()
      try checkCopies(queue, [100], seed: 6)
    }
  }

  @Test(arguments: ["createEvent", "recordEvent", "awaitEvent", "synchronize"])
  func nothingLeaks(call: String) throws {
    do {
      let queue = try AcceleratorQueue(cuda.makeDriver())
      cuda.fail(call)
      #expect(throws: AcceleratorError.self) {
        try checkCopies(queue, [Staging.blockSize * (Staging.mostBlocks + 1)], seed: 5)
      }
      cuda.withState { $0.failing = nil }
    }
    #expect(cuda.leaks == [])
  }

  /// Where waiting fails, results that were asked for are gone: they are not written to later.
  @Test func resultsOfFailedRunsAreNotWritten() throws {
    let queue = try AcceleratorQueue(cuda.makeDriver())
    let block = try queue.allocate(byteCount: 64)
    let target = AlignedStorage(byteCount: 64)
    target.base.initializeMemory(as: UInt8.self, repeating: 7, count: 64)
    try queue.download(block.base, to: target.base, byteCount: 64)
    cuda.fail("synchronize")
    #expect(throws: AcceleratorError.self) { try queue.synchronize() }
    cuda.withState { $0.failing = nil }
    #expect(throws: AcceleratorError.self) { try queue.synchronize() }
    #expect(throws: AcceleratorError.self) {
      try queue.download(block.base, to: target.base, byteCount: 64)
    }
    #expect(UnsafeRawBufferPointer(start: target.base, count: 64).allSatisfy { $0 == 7 })
  }
}

/// Calls `body` with the device's memory on four threads at once, ten times on each.
func onManyThreads(
  _ body:
    @escaping @Sendable (_ queue: AcceleratorQueue, _ thread: Int, _ round: Int) throws -> Void
) async throws {
  let device = TestDevice.device!
  try await withThrowingTaskGroup(of: Void.self) { group in
    for thread in 0..<4 {
      group.addTask {
        let queue = try #require(device.memory as? AcceleratorQueue)
        for round in 0..<10 { try body(queue, thread, round) }
      }
    }
    try await group.waitForAll()
  }
}
