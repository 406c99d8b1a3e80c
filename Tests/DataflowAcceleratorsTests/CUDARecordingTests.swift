import Dataflow
import Foundation
import TestSupport
import Testing

@testable import DataflowAccelerators

/// Steps that CUDA records and replays: when, where it does not, and that nothing is left of it.
@Suite(.timeLimit(.minutes(10))) struct CUDARecordingTests {
  private let cuda = FakeCUDA()

  /// Runs `body` with what runs `y = Σ exp(x) · w` for a number of elements and returns the calls.
  private func withRuns(
    _ body: (_ session: Session, _ run: (Int) throws -> [String]) throws -> Void
  ) throws {
    let device = try cuda.makeAccelerator()
    let graph = Graph()
    let x = graph.placeholder(.float32, ["n"], name: "x")
    let w = try graph.variable(Tensor([2] as [Float]), name: "w")
    let y = sum(exp(x) * w.value, name: "y")
    var options = SessionOptions()
    options.placement.devices.append(device)
    options.placement.defaultDevice = device.name
    let session = Session(graph, options: options)
    try session.initializeVariables()
    var number: Float = 0
    try body(session) { count in
      _ = cuda.takeCalls()
      number += 1
      _ = try session.run([y], feeds: [x: Tensor(Array(repeating: number, count: count))])
      return cuda.takeCalls().filter { !["createEvent", "allocateHost"].contains($0) }
    }
  }

  private static let plain = [
    "upload 12", "launch elementwise_0 1x256", "launch reduce_1 1x256", "download 4", "synchronize",
  ]
  private static let recording = [
    "begin", "record elementwise_0 1x256", "record reduce_1 1x256", "end", "instantiate",
    "destroyGraph",
  ]
  private static let replayed = ["upload 12", "replay", "download 4", "synchronize"]

  @Test func firstRunIsPlainSecondRecordsOthersReplay() throws {
    try withRuns { session, run in
      #expect(try run(3).suffix(5) == Self.plain[...])
      #expect(
        try run(3) == ["upload 12", "createStream"] + Self.recording + Self.replayed.dropFirst())
      #expect(try run(3) == Self.replayed)
      // What a variable holds may change, not where.
      try session.assign(Tensor([5] as [Float]), to: session.graph.variables[0])
      #expect(try run(3) == Self.replayed)
    }
    #expect(cuda.leaks == [])
  }

  @Test func changedSizesAreRecordedAnew() throws {
    try withRuns { _, run in
      for _ in 0..<3 { _ = try run(3) }
      // There is room for fewer elements, so that nothing moves.
      let fewer = try run(2)
      #expect(fewer.contains("destroyInstance") && fewer.contains("launch elementwise_0 1x256"))
      #expect(!fewer.contains("replay"))
      #expect(try run(2) == ["upload 8"] + Self.recording + Self.replayed.dropFirst())
      #expect(try run(2) == ["upload 8"] + Self.replayed.dropFirst())
      let more = try run(5000)
      #expect(more.contains("destroyInstance") && !more.contains("replay"))
      // Sizes that change all the time are never recorded.
      for count in [4, 5, 6, 7, 4, 5] { #expect(try !run(count).contains("begin")) }
    }
    #expect(cuda.leaks == [])
  }

  /// Memory that lies elsewhere is recorded anew: here a variable that another run has moved.
  @Test func movedVariablesAreRecordedAnew() throws {
    let device = try cuda.makeAccelerator()
    do {
      let graph = Graph()
      let w = try graph.variable(Tensor([2, 3] as [Float]), name: "w")
      let y = sum(exp(w.value) * 2, name: "y")
      var options = SessionOptions()
      options.placement.devices.append(device)
      options.placement.defaultDevice = device.name
      let session = Session(graph, options: options)
      try session.initializeVariables()
      func calls() throws -> [String] {
        _ = cuda.takeCalls()
        _ = try session.run([y])
        return cuda.takeCalls()
      }
      for _ in 0..<3 { _ = try calls() }
      #expect(try calls().contains("replay"))
      let elsewhere = try graph.withDevice("CPU:0") {
        try graph.add(AssignAdd(), [w.value, graph.constant(Tensor([1, 1] as [Float]))])
      }
      _ = try session.run([], targets: [elsewhere])
      // Whatever place it had is taken.
      let others = try (0..<16).map { _ in try device.memory!.allocate(byteCount: 8) }
      defer { withExtendedLifetime(others) {} }
      #expect(try !calls().contains("replay"))
      #expect(try calls().contains("begin"))
      #expect(try calls().contains("replay"))
    }
  }

  /// What cannot be recorded runs as before, and is not tried again.
  @Test(arguments: ["begin", "record", "end", "instantiate"])
  func whatCannotBeRecordedRunsPlainly(call: String) throws {
    try withRuns { _, run in
      _ = try run(3)
      cuda.fail(call)
      let second = try run(3)
      #expect(second.contains(call == "record" ? "record elementwise_0 1x256" : call))
      #expect(second.suffix(4) == Self.plain.suffix(4))
      cuda.withState { $0.failing = nil }
      #expect(try run(3) == Self.plain)
      #expect(cuda.withState { $0.recordingStream == nil })
      #expect(cuda.leaks.allSatisfy { !$0.contains("graphs") })
    }
    #expect(cuda.leaks == [])
  }

  @Test func whatCannotBeReplayedIsSaidAndRunsPlainlyThen() throws {
    try withRuns { _, run in
      for _ in 0..<3 { _ = try run(3) }
      cuda.fail("replay")
      let error = #expect(throws: GraphError.self) { try run(3) }
      #expect(error?.message == "CUDA: replaying a recording: out of memory (2)")
      #expect(error?.node != nil)
      cuda.withState { $0.failing = nil }
      #expect(try run(3) == Self.plain)
    }
    #expect(cuda.leaks == [])
  }

  @Test func driversThatCannotRecord() throws {
    cuda.withState { $0.hasGraphs = false }
    try withRuns { _, run in
      for _ in 0..<4 {
        let calls = try run(3)
        #expect(calls.suffix(5) == Self.plain[...])
      }
    }
    #expect(cuda.leaks == [])
  }

  /// Who wants to know when each step ran gets that.
  @Test func tracedRunsArePlain() throws {
    let device = try cuda.makeAccelerator()
    let graph = Graph()
    let x = graph.placeholder(.float32, [3], name: "x")
    let y = sum(exp(x) * 2, name: "y")
    var options = SessionOptions()
    options.placement.devices.append(device)
    options.placement.defaultDevice = device.name
    let session = Session(graph, options: options)
    let feeds = [x: Tensor([1, 2, 3] as [Float])]
    for _ in 0..<3 { _ = try session.run([y], feeds: feeds) }
    let trace = RunTrace()
    _ = cuda.takeCalls()
    _ = try session.run([y], feeds: feeds, options: RunOptions(trace: trace))
    #expect(!cuda.takeCalls().contains("replay"))
    #expect(trace.records.count == 3)
    _ = try session.run([y], feeds: feeds)
    #expect(cuda.takeCalls().contains("replay"))
  }

  /// What other threads ask for while one records is done at once.
  @Test func otherThreadsAreNotRecorded() throws {
    let driver = try cuda.makeDriver()
    let kernel = try driver.compile("", isWide: false).makeKernel("kernel")
    let block = try driver.allocate(byteCount: 4)
    let base = UInt(bitPattern: block.base)
    var other: [String] = []
    let recording = try driver.record {
      try kernel.launch(groups: 1, [.address(block.base)], isWide: false)
      _ = cuda.takeCalls()
      let isDone = DispatchSemaphore(value: 0)
      Thread {
        let address = UnsafeMutableRawPointer(bitPattern: base)!
        try? driver.upload(address, to: address, byteCount: 4)
        try? driver.compile("", isWide: false).makeKernel("another")
          .launch(groups: 1, [.address(address)], isWide: false)
        isDone.signal()
      }.start()
      isDone.wait()
      other = cuda.takeCalls()
      try kernel.launch(groups: 2, [.address(block.base)], isWide: false)
    }
    #expect(other.contains("upload 4") && other.contains("launch another 1x256"))
    #expect(cuda.takeCalls().first == "record kernel 2x256")
    try recording?.replay()
    #expect(cuda.takeCalls().last == "replay")
  }
}
