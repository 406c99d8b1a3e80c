import Dataflow
import DataflowGraph
import Foundation
import TestSupport
import Testing

/// Graphs cut by task, and what their parts compute together.
@Suite(.timeLimit(.minutes(20))) struct PartitionTests {
  private let a: DeviceName = "/job:worker/task:0"
  private let b: DeviceName = "/job:worker/task:1"

  @Test func eachTensorIsSentOnceToEachTask() throws {
    let graph = Graph()
    let (x, y) = graph.withDevice(a) {
      let x = graph.placeholder(.float64, ["n", 3], name: "x")
      return (x, tanh(x))
    }
    let z = graph.withDevice(b) { exp(y) + square(y) }
    _ = graph.withDevice(a) { y * z }
    let partition = try GraphPartition(graph)
    #expect(
      partition.parts.map(\.task.description) == [
        "/job:worker/replica:0/task:0", "/job:worker/replica:0/task:1",
      ])
    let (here, there) = ("/job:worker/replica:0/task:0", "/job:worker/replica:0/task:1")
    let outward = "recv_device: \"\(there)\", send_device: \"\(here)\""
    let back = "recv_device: \"\(here)\", send_device: \"\(there)\""
    #expect(
      partition.parts[0].graph.text == """
        x = Placeholder(dtype: double, shape: [n, 3])
        Tanh = Tanh(x)
        Tanh/send_to_worker_1 = Send(Tanh, \(outward), tensor_name: "Tanh")
        AddV2/receive = Recv(knows_sizes: true, \(back), shape: [n, 3], tensor_name: "AddV2", \
        tensor_type: double)
        Mul = Mul(Tanh, AddV2/receive)
        """)
    #expect(
      partition.parts[1].graph.text == """
        Tanh/receive = Recv(knows_sizes: true, \(outward), shape: [n, 3], tensor_name: "Tanh", \
        tensor_type: double)
        Exp = Exp(Tanh/receive)
        Square = Square(Tanh/receive)
        AddV2 = AddV2(Exp, Square)
        AddV2/send_to_worker_0 = Send(AddV2, \(back), tensor_name: "AddV2")
        """)
    for part in partition.parts {
      #expect(try Graph(text: part.graph.text).text == part.graph.text)
    }
    let shares = try partition.shares(feeds: [x], fetches: [z])
    #expect(shares.map { $0.targets.map(\.name) } == [["Tanh/send_to_worker_1"], []])
  }

  /// A graph with nodes on three tasks, whatever they are, gives the bits of the whole.
  @Test func randomGraphsGiveEqualBits() throws {
    for seed in UInt64(0)..<200 {
      let random = RandomGraph(seed: seed, operations: 25, namesSizes: seed % 2 == 0)
      let (copy, values) = try spread(random.graph, seed: seed)
      let expected = try Session(random.graph).run(random.fetches, feeds: random.feeds)
      let feeds = Dictionary(uniqueKeysWithValues: random.feeds.map { (values[$0]!, $1) })
      let cluster = try ClusterSession(copy) { task in
        SessionOptions(interOpParallelismThreads: task.task == 1 ? 2 : 1)
      }
      let fetches = random.fetches.map { values[$0]! }
      for _ in 0..<2 {
        let results = try cluster.run(fetches, feeds: feeds)
        #expect(zip(expected, results).allSatisfy { $0.hasSameBits(as: $1) }, "seed \(seed)")
      }
    }
  }

  private func spread(_ graph: Graph, seed: UInt64) throws -> (Graph, [Value: Value]) {
    let copy = Graph()
    var values: [Value: Value] = [:]
    for node in graph.nodes {
      let task = (UInt64(node.id) &* 2_654_435_761 &+ seed) >> 7 % 3
      let twin = try copy.withDevice(DeviceName(job: "worker", task: Int(task))) {
        try copy.add(node.operation, node.inputs.map { values[$0]! }, name: node.name)
      }
      for (old, new) in zip(node.outputs, twin.outputs) { values[old] = new }
    }
    return (copy, values)
  }

  /// Weights on one task, the loss on another, trained together: the variables are those of one session.
  @Test func trainingGivesTheBitsOfOneSession() throws {
    func build(_ inputTask: DeviceName, _ weightTask: DeviceName) throws -> (
      graph: Graph, x: Value, loss: Value, train: Node
    ) {
      let graph = Graph()
      let w = try graph.withDevice(weightTask) {
        try graph.variable(Tensor(shape: [3, 1], scalars: [0.5, -0.25, 1.0]), name: "w")
      }
      return try graph.withDevice(inputTask) {
        let x = graph.placeholder(.float64, ["n", 3], name: "x")
        let loss = mean(square(tanh(matMul(x, w.value))))
        let gradient = try graph.gradient(of: loss, withRespectTo: w.value)
        let train = try AdamOptimizer().apply(
          [gradient], to: [w], learningRate: graph.constant(0.05, .float64))
        return (graph, x, loss, train)
      }
    }
    let whole = try build("/task:0", "/task:0")
    let cut = try build("/task:0", "/task:1")
    let session = Session(whole.graph)
    try session.initializeVariables()
    let cluster = try ClusterSession(cut.graph)
    try cluster.initializeVariables()
    #expect(cluster.partition.parts.count == 2)
    for step in 0..<10 {
      let input = Tensor.random([4 + step % 3, 3], seed: UInt64(step))
      let expected = try session.run(
        [whole.loss], feeds: [whole.x: input], targets: [whole.train])
      let found = try cluster.run([cut.loss], feeds: [cut.x: input], targets: [cut.train])
      #expect(found[0].hasSameBits(as: expected[0]))
    }
    for (one, other) in zip(whole.graph.variables, cut.graph.variables) {
      #expect(try session.value(of: one).hasSameBits(as: cluster.value(of: other)), "\(one.name)")
    }
  }

  /// Who reads a variable after it was written reads what was written, on any task.
  @Test func readsComeAfterTheWritesTheyDependOn() throws {
    let graph = Graph()
    let (v, update) = try graph.withDevice(a) {
      let v = try graph.variable(Tensor(1.0), name: "v")
      return (v, try graph.add(AssignAdd(), [v.value, v.value * 4], name: "update"))
    }
    let (before, after) = graph.withDevice(b) {
      let before = v.value + 0.5
      let after = graph.withControlDependencies([update]) { v.value + 0.25 }
      return (before, after)
    }
    let cluster = try ClusterSession(graph)
    try cluster.initializeVariables()
    #expect(try cluster.run([before, after]) == [Tensor(1.5), Tensor(5.25)])
    #expect(try cluster.run([before, after]) == [Tensor(5.5), Tensor(25.25)])
  }

  @Test func sizesThatATaskFindsOutReachTheOthers() throws {
    let graph = Graph()
    let x = graph.withDevice(a) { graph.placeholder(.float64, ["n"], name: "x") }
    let positive = graph.withDevice(a) { places(where: x .> 0) }
    let ones = graph.withDevice(b) {
      broadcast(graph.constant(1, .float64), to: [positive.shape[0], 2])
    }
    let total = graph.withDevice("/job:worker/task:2") { sum(ones) }
    let cluster = try ClusterSession(graph)
    let input = Tensor([1.0, -1, 3, 4])
    #expect(try cluster.run([ones, total], feeds: [x: input])[0].shape == [3, 2])
    #expect(try cluster.run([total], feeds: [x: input]) == [Tensor(6.0)])
    #expect(try cluster.run([total], feeds: [x: Tensor([-1.0])]) == [Tensor(0.0)])
  }

  /// What one task is fed says the sizes of all, of those too that could be fed such a size themselves.
  @Test func sizesFedToOneTaskAreKnownToAll() throws {
    let graph = Graph()
    let x = graph.withDevice(a) { graph.placeholder(.float64, ["n"], name: "x") }
    let n = x.shape[0]
    let (y, pairs, count, total) = graph.withDevice(b) {
      let y = graph.placeholder(.float64, [n], name: "y")
      let pairs = graph.placeholder(.float64, [n * 2], name: "pairs")
      let ones = broadcast(graph.constant(1, .float64), to: [n])
      return (y, pairs, sum(ones), sum(pairs))
    }
    let rows = graph.withDevice("/job:worker/task:2") { sum(reshape(pairs, [n, 2])) }
    let cluster = try ClusterSession(graph)
    #expect(try cluster.run([count], feeds: [x: Tensor([1.0, 2, 3])]) == [Tensor(3.0)])
    #expect(try cluster.run([count], feeds: [x: Tensor([1.0, 2])]) == [Tensor(2.0)])
    #expect(try cluster.run([count], feeds: [y: Tensor([1.0])]) == [Tensor(1.0)])
    let two = Tensor([1.0, 2])
    let four = Tensor([1.0, 2, 3, 4])
    #expect(
      try cluster.run([total, rows], feeds: [x: two, pairs: four]) == [Tensor(10.0), Tensor(10.0)])
    let error = #expect(throws: GraphError.self) {
      try cluster.run([count], feeds: [x: two, y: four])
    }
    #expect(error?.message.hasSuffix("\"n\" is 4, but 2 in x") == true)
    #expect(throws: GraphError.self) { try cluster.run([count]) }
  }

  @Test func loopsUseSizesOfOtherTasks() throws {
    let graph = Graph()
    let x = graph.withDevice(a) { graph.placeholder(.float64, ["n"], name: "x") }
    let y = try graph.withDevice(b) {
      try whileLoop([graph.constant(0, .int32), sum(x)]) { _, v in
        v[0] .< 3
      } body: { graph, v in
        [v[0] + 1, v[1] + sum(broadcast(graph.constant(1, .float64), to: ["n"]))]
      }[1]
    }
    let cluster = try ClusterSession(graph)
    #expect(try cluster.run([y], feeds: [x: Tensor([1.0, 2])]) == [Tensor(9.0)])
    #expect(try cluster.run([y], feeds: [x: Tensor([1.0, 2, 3])]) == [Tensor(15.0)])
  }

  @Test func anErrorEndsAllTasks() throws {
    let graph = Graph()
    let x = graph.withDevice(a) { graph.placeholder(.float64, [], name: "x") }
    let checked = graph.withDevice(a) { checkNumerics(log(x), message: "the logarithm") }
    let y = graph.withDevice(b) { checked * 2 }
    let cluster = try ClusterSession(graph)
    let error = #expect(throws: GraphError.self) {
      try cluster.run([y], feeds: [x: Tensor(-1.0)])
    }
    #expect(error?.node == "CheckNumerics")
    #expect(try cluster.run([y], feeds: [x: Tensor(1.0)]) == [Tensor(0.0)])
  }

  @Test func cancellingReachesAllTasks() throws {
    let graph = Graph()
    let never = try graph.withDevice(a) { try graph.receive("never", .float64, []) }
    let y = graph.withDevice(b) { never * 2 }
    let cluster = try ClusterSession(graph)
    let cancellation = Cancellation()
    soon { cancellation.cancel() }
    #expect(throws: RunInterruption.cancelled) {
      try cluster.run([y], cancellation: cancellation)
    }
    #expect(throws: RunInterruption.deadlineExceeded) {
      try cluster.run([y], cancellation: Cancellation(deadline: .now + .milliseconds(5)))
    }
  }

  @Test func whatCannotBeCutIsSaid() throws {
    let graph = Graph()
    let x = graph.placeholder(.float64, [], name: "x")
    let condition = graph.placeholder(.bool, [], name: "condition")
    let branches = try graph.add(Switch(), [x, condition], name: "switch")
    _ = graph.withDevice(b) { branches.outputs[0] * 2 }
    let error = #expect(throws: GraphError.self) { try GraphPartition(graph) }
    #expect(
      error?.description
        == "Switch \"switch\" (double[], bool[]): may not be computed, because a Switch is before it, and "
        + "/job:worker/replica:0/task:1 wants it from /job:localhost/replica:0/task:0; put its Merge on"
        + " the same task")
    let other = Graph()
    let v = try other.withDevice(a) { try other.variable(Tensor(1.0), name: "v") }
    _ = try other.withDevice(b) { try other.add(Assign(), [v.value, v.value * 2], name: "w") }
    let conflict = #expect(throws: GraphError.self) { try GraphPartition(other) }
    #expect(conflict?.message.contains("what it must be with for") == true)
  }

  /// What may not be computed would keep another task waiting: sizes, what joins branches that may all be left out, and
  /// what was written on a branch.
  @Test func whatMayNotBeComputedIsNotSent() throws {
    let (here, there) = (a, b)
    func error(_ body: (Graph, [Value], [Value]) throws -> Void) throws -> GraphError? {
      let graph = Graph()
      let switches = try graph.withDevice(here) {
        let x = graph.placeholder(.float64, [3])
        return try (0..<2).map { _ in
          try graph.add(Switch(), [x, graph.placeholder(.bool, [])]).outputs
        }
      }
      try body(graph, switches[0], switches[1])
      return #expect(throws: GraphError.self) { try GraphPartition(graph) }
    }
    let size = try error { graph, left, _ in
      let found = graph.withDevice(here) { places(where: left[1] .> 0) }
      _ = graph.withDevice(there) {
        broadcast(graph.constant(1, .float64), to: [found.shape[0], 2])
      }
    }
    #expect(size?.node == "Where")
    #expect(size?.message.hasPrefix("may not be computed, because a Switch is before it") == true)
    let joined = try error { graph, left, right in
      let merge = try graph.withDevice(here) {
        try graph.add(Merge(), [left[1], right[0]], name: "merge")
      }
      _ = graph.withDevice(there) { tanh(merge[0]) }
    }
    #expect(joined?.node == "merge")
    #expect(
      joined?.message
        == "may not be computed, because merge joins branches of which none may be taken, and"
        + " /job:worker/replica:0/task:1 wants it from /job:worker/replica:0/task:0; put what wants it on"
        + " the same task")
    let written = try error { graph, left, _ in
      let (v, merge) = try graph.withDevice(here) {
        let v = try graph.variable(Tensor([1.0, 2, 3]), name: "v")
        let write = try graph.add(Assign(), [v.value, left[1]], name: "write")
        return (v, try graph.add(Merge(), [write.output, left[0]]))
      }
      _ = graph.withDevice(there) { graph.withControlDependencies([merge]) { tanh(v.value) } }
    }
    #expect(written?.node == "write")
  }

  /// One of several branches is always computed, and so is the gradient through them.
  @Test(arguments: [false, true], [false, true])
  func joinedBranchesReachOtherTasks(isFirst: Bool, isSecond: Bool) throws {
    let graph = Graph()
    let (x, first, second, values) = try graph.withDevice(a) {
      let x = graph.placeholder(.float64, [3], name: "x")
      let (first, second) = (graph.placeholder(.bool, []), graph.placeholder(.bool, []))
      let outer = try graph.add(Switch(), [x, identity(first)])
      let inner = try graph.add(Switch(), [outer[0], second])
      let opposite = try graph.add(Switch(), [x * 2, try graph.add(LogicalNot(), [first]).output])
      let three = try graph.add(Merge(), [square(outer[1]), exp(inner[0]), tanh(inner[1])])
      let two = try graph.add(Merge(), [outer[1], opposite[1]])
      let fixed = graph.withControlDependencies([identity(outer[1]).node]) {
        graph.constant(Tensor([5.0, 6, 7]))
      }
      let half = try graph.add(Merge(), [square(outer[0]), fixed])
      let gradient = try graph.gradient(of: sum(half[0]), withRespectTo: x)
      return (x, first, second, [three[0], two[0], half[0], gradient])
    }
    let fetches = graph.withDevice(b) { values.map { $0 + 1 } }
    let feeds = [x: Tensor([1.0, 2, 3]), first: Tensor(isFirst), second: Tensor(isSecond)]
    let expected = try Session(graph).run(fetches, feeds: feeds)
    #expect(expected[1] == (isFirst ? Tensor([2.0, 3, 4]) : Tensor([3.0, 5, 7])))
    #expect(expected[3] == (isFirst ? Tensor([1.0, 1, 1]) : Tensor([3.0, 5, 7])))
    #expect(
      try ClusterSession(graph).run(
        fetches, feeds: feeds, cancellation: Cancellation(deadline: .now + .seconds(60)))
        == expected)
  }

  /// What a merge only waits for does not say whether it is computed.
  @Test(arguments: [false, true]) func waitingMergesReachOtherTasks(isTaken: Bool) throws {
    let graph = Graph()
    let (condition, merged) = try graph.withDevice(a) {
      let condition = graph.placeholder(.bool, [])
      let sides = try graph.add(Switch(), [condition, condition])
      let pivot = identity(sides[1]).node
      let trigger = try graph.add(ControlTrigger(), [], controlInputs: [pivot])
      let merge = try graph.add(Merge(), sides.outputs, controlInputs: [pivot, trigger])
      return (condition, merge[1])
    }
    let result = graph.withDevice(b) { merged + 1 }
    #expect(
      try ClusterSession(graph).run([result], feeds: [condition: Tensor(isTaken)])
        == [Tensor(isTaken ? 2 : 1 as Int32)])
  }

  /// Runs of a cluster take turns; who waits for one can be cancelled.
  @Test func waitingForATurnEnds() throws {
    let (started, finish) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let graph = Graph()
    let x = graph.placeholder(.float64, [], name: "x")
    let gate = try graph.add(Gate(started, finish), [x]).output
    let y = x * 2
    let cluster = try ClusterSession(graph)
    let feeds = [x: Tensor(3.0)]
    let done = DispatchSemaphore(value: 0)
    let found = Locked([Tensor]())
    Thread {
      let results = (try? cluster.run([gate], feeds: feeds)) ?? []
      found.withLock { $0 = results }
      done.signal()
    }.start()
    started.wait()
    #expect(throws: RunInterruption.deadlineExceeded) {
      try cluster.run(
        [y], feeds: feeds, cancellation: Cancellation(deadline: .now + .milliseconds(5)))
    }
    let cancellation = Cancellation()
    soon { cancellation.cancel() }
    #expect(throws: RunInterruption.cancelled) {
      try cluster.run([y], feeds: feeds, cancellation: cancellation)
    }
    finish.signal()
    done.wait()
    #expect(found.withLock { $0 } == [Tensor(3.0)])
    #expect(try cluster.run([y], feeds: feeds) == [Tensor(6.0)])
  }

  /// One session can read the variable, at the end of a way through both tasks, before it writes it; two
  /// would wait for each other, and say so instead.
  @Test func tasksThatWouldWaitForEachOtherAreRefused() throws {
    let graph = Graph()
    let (v, write, first) = try graph.withDevice(a) {
      let v = try graph.variable(Tensor(1.0), name: "v")
      let write = try graph.add(AssignAdd(), [v.value, graph.constant(1, .float64)], name: "write")
      return (v, write, graph.placeholder(.float64, [], name: "first"))
    }
    let written = graph.withDevice(b) { write.output + 1 }
    let second = graph.withDevice(b) { tanh(first) }
    let read = graph.withDevice(a) { v.value * second }
    let session = Session(graph)
    try session.initializeVariables()
    let feeds = [first: Tensor(0.0)]
    #expect(try session.run([written, read], feeds: feeds) == [Tensor(3.0), Tensor(0.0)])
    let cluster = try ClusterSession(graph)
    try cluster.initializeVariables()
    let error = #expect(throws: GraphError.self) { try cluster.run([written, read], feeds: feeds) }
    #expect(error?.message.hasPrefix("the tasks would wait for each other at ") == true)
    #expect(
      try cluster.run([written]) + cluster.run([read], feeds: feeds) == [Tensor(3.0), Tensor(0.0)])
  }

  @Test func sizesOfOneNameAreFixedOnce() throws {
    let graph = Graph()
    let x = graph.placeholder(.int32, [2])
    _ = try graph.add(BindSizes(names: ["rows", "columns"]), [x])
    #expect(throws: GraphError.self) { try graph.add(BindSizes(names: ["rows", "m"]), [x]) }
    #expect(throws: GraphError.self) { try graph.add(BindSizes(names: ["one"]), [x]) }
    let ones = broadcast(graph.constant(1, .float64), to: ["rows", "columns"])
    let result = try Session(graph).run([sum(ones)], feeds: [x: Tensor([2 as Int32, 5])])
    #expect(result == [Tensor(10.0)])
  }
}

/// Passes its input on when it is let.
private struct Gate: DataflowGraph.Operation {
  static let name = "Gate"
  static var samples: [OperationSample] { [] }
  var isStateful: Bool { true }
  private let started: DispatchSemaphore
  private let finish: DispatchSemaphore

  init(_ started: DispatchSemaphore, _ finish: DispatchSemaphore) {
    (self.started, self.finish) = (started, finish)
  }

  init(attributes: Attributes) throws { throw GraphError("is made by tests only") }

  func outputs(for inputs: [TensorSpec]) -> [TensorSpec] { [inputs[0]] }

  func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) -> any Kernel {
    GateKernel(started, finish)
  }
}

private final class GateKernel: Kernel {
  private let started: DispatchSemaphore
  private let finish: DispatchSemaphore

  init(_ started: DispatchSemaphore, _ finish: DispatchSemaphore) {
    (self.started, self.finish) = (started, finish)
  }

  func prepare(_ sizes: KernelSizes) -> Int { 0 }

  func run(_ context: borrowing KernelContext) {
    started.signal()
    finish.wait()
    context.outputs[0].elements(Double.self)[0] = context.inputs[0].elements(Double.self)[0]
  }
}
