import Dataflow
import DataflowGraph
import Foundation
import Synchronization
import TestSupport
import Testing

/// How many threads, operations and shards were at work at a time.
private final class Activity: Sendable {
  private struct Counts {
    var threads: Set<UInt> = []
    var shards = 0
    var mostShards = 0
    var operations: [String: Int] = [:]
    var mostOperations = 0
    var mostShardsOfOne = 0
  }

  private let counts = Mutex(Counts())

  func shard(of node: String, _ body: () -> Void) {
    let thread = UInt(bitPattern: pthread_self().hashValue)
    counts.withLock { counts in
      counts.threads.insert(thread)
      counts.shards += 1
      counts.operations[node, default: 0] += 1
      counts.mostShards = max(counts.mostShards, counts.shards)
      counts.mostOperations = max(counts.mostOperations, counts.operations.count)
      counts.mostShardsOfOne = max(counts.mostShardsOfOne, counts.operations[node]!)
    }
    body()
    counts.withLock { counts in
      counts.shards -= 1
      counts.operations[node]! -= 1
      if counts.operations[node] == 0 { counts.operations[node] = nil }
    }
  }

  var threads: Int { counts.withLock { $0.threads.count } }
  var mostShards: Int { counts.withLock { $0.mostShards } }
  var mostOperations: Int { counts.withLock { $0.mostOperations } }
  var mostShardsOfOne: Int { counts.withLock { $0.mostShardsOfOne } }
}

/// Adds one and takes its time, in shards, noting who works; defined outside the engine.
private struct SlowIncrement: DataflowGraph.Operation {
  static let name = "SlowIncrement"
  static var samples: [OperationSample] { [] }
  var activity = Activity()
  // Each is to run, however many are alike.
  var isStateful: Bool { true }

  init(_ activity: Activity) { self.activity = activity }
  init(attributes: Attributes) {}

  func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] { [inputs[0]] }

  func makeKernel(at site: KernelSite) -> any Kernel {
    SlowKernel(activity: activity, node: site.node.name)
  }

  func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] { outputGradients }
}

private final class SlowKernel: Kernel {
  private let activity: Activity
  private let node: String

  init(activity: Activity, node: String) {
    self.activity = activity
    self.node = node
  }

  func prepare(_ sizes: KernelSizes) -> Int { 0 }

  func run(_ context: borrowing KernelContext) {
    let (input, output) = (context.inputs[0], context.outputs[0])
    let sharding = Sharding(count: 6, nanoseconds: 1e9)
    context.forEachShard(sharding) { _, range in
      activity.shard(of: node) {
        let end = DispatchTime.now().uptimeNanoseconds + 300_000
        while DispatchTime.now().uptimeNanoseconds < end {}
        for index in range {
          output.elements(Double.self)[index] = input.elements(Double.self)[index] + 1
        }
      }
    }
  }
}

/// Sessions compute on the threads they were told, and on no others.
@Suite(.serialized, .timeLimit(.minutes(20))) struct SessionThreadTests {
  private func slowGraph(_ activity: Activity) throws -> (Graph, Value, Value) {
    let graph = Graph()
    let x = graph.placeholder(.float64, [6])
    let branches = try (0..<6).map { _ in
      try (0..<3).reduce(x) { value, _ in
        try graph.add(SlowIncrement(activity), [value]).output
      }
    }
    return (graph, x, try graph.add(AddN(), branches).output)
  }

  @Test(arguments: [1, 2, 4], [1, 2, 4])
  func settingsAreObeyed(inter: Int, intra: Int) throws {
    let activity = Activity()
    let (graph, x, y) = try slowGraph(activity)
    let options = SessionOptions(
      intraOpParallelismThreads: intra, interOpParallelismThreads: inter)
    let session = Session(graph, options: options)
    for _ in 0..<3 {
      let result = try session.run([y], feeds: [x: Tensor([0.0, 1, 2, 3, 4, 5])])[0]
      #expect(result == Tensor([18.0, 24, 30, 36, 42, 48]))
    }
    let most = max(inter, intra)
    #expect(activity.threads <= most)
    #expect(activity.mostShards <= most)
    #expect(activity.mostOperations <= inter)
    #expect(activity.mostShardsOfOne <= intra)
    if inter > 1 { #expect(activity.mostOperations > 1) }
    if intra > inter { #expect(activity.mostShardsOfOne > 1) }
  }

  @Test func sessionsKeepTheirOwnSettings() async throws {
    let activities = [Activity(), Activity()]
    let settings = [(1, 2), (3, 1)]
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (activity, (inter, intra)) in zip(activities, settings) {
        group.addTask {
          let (graph, x, y) = try slowGraph(activity)
          let options = SessionOptions(
            intraOpParallelismThreads: intra, interOpParallelismThreads: inter)
          let session = Session(graph, options: options)
          for _ in 0..<5 {
            _ = try session.run([y], feeds: [x: Tensor([0.0, 1, 2, 3, 4, 5])])
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(activities[0].mostShards <= 2 && activities[0].mostOperations == 1)
    #expect(activities[1].mostShards <= 3 && activities[1].mostShardsOfOne == 1)
  }

  @Test func aRunCanBeCancelledFromAnotherThread() throws {
    let activity = Activity()
    let (graph, x, y) = try slowGraph(activity)
    for inter in [1, 3] {
      let session = Session(graph, options: SessionOptions(interOpParallelismThreads: inter))
      let cancellation = Cancellation()
      let canceller = Thread {
        usleep(3000)
        cancellation.cancel()
      }
      canceller.start()
      #expect(throws: RunInterruption.cancelled) {
        _ = try session.run(
          [y], feeds: [x: Tensor([0.0, 1, 2, 3, 4, 5])],
          options: RunOptions(cancellation: cancellation))
      }
      // The session goes on.
      #expect(try session.run([x], feeds: [x: Tensor([0.0, 1, 2, 3, 4, 5])]).count == 1)
    }
  }

  @Test func anErrorInOneStepNamesItAndStopsTheRest() throws {
    let activity = Activity()
    let (graph, x, y) = try slowGraph(activity)
    let indices = graph.placeholder(.int32, [1])
    let picked = try graph.add(GatherV2(), [y, indices], name: "picked").output
    let session = Session(graph, options: SessionOptions(interOpParallelismThreads: 3))
    let feeds = [x: Tensor([0.0, 1, 2, 3, 4, 5]), indices: Tensor([9] as [Int32])]
    let error = #expect(throws: GraphError.self) {
      try session.run([picked, exp(y)], feeds: feeds)
    }
    #expect(error?.node == "picked")
    #expect(try session.run([y], feeds: feeds)[0].shape == [6])
  }

  @Test func traceNotesEveryStep() throws {
    let (graph, x, y) = try slowGraph(Activity())
    let session = Session(graph, options: SessionOptions(interOpParallelismThreads: 2))
    let trace = RunTrace()
    _ = try session.run(
      [y], feeds: [x: Tensor([0.0, 1, 2, 3, 4, 5])], options: RunOptions(trace: trace))
    let records = trace.records
    #expect(records.count == 19)
    #expect(records.allSatisfy { $0.start < $0.end && $0.thread < 2 })
    #expect(records.last?.operation == "AddN")
  }
}
