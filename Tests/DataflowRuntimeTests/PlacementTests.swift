import Dataflow
import TestSupport
import Testing

/// Where plans put nodes, what they copy, and what plans look like.
@Suite struct PlacementTests {
  private let log = Locked([String]())

  private func options(_ devices: [any Device], soft: Bool = true) -> SessionOptions {
    var options = SessionOptions()
    options.placement.devices = devices
    options.placement.allowsSoftPlacement = soft
    options.placement.log = { [log] line in log.withLock { $0.append(line) } }
    return options
  }

  private let twoProcessors: [any Device] = [CPUDevice(), CPUDevice(index: 1)]

  @Test func tensorsAreCopiedOnceToEachDevice() throws {
    let graph = Graph()
    let x = graph.placeholder(.float64, [4], name: "x")
    let y = tanh(x)
    let z = graph.withDevice("/device:CPU:1") { exp(y) + square(y) }
    let w = y * z
    let session = Session(graph, options: options(twoProcessors))
    let plan = try session.plan(feeds: [x], fetches: [z, w])
    #expect(
      plan.description == """
        0 CPU:0 Tanh Tanh -> double[4] at 0, 32 bytes; 4 flops
        1 CPU:1 CopyToDevice Tanh/to_CPU:1 -> double[4] at 0, 32 bytes
        2 CPU:1 FusedElementwise AddV2 -> double[4] at 0, 32 bytes over input 0; 12 flops
        3 CPU:0 CopyToDevice AddV2/to_CPU:0 -> double[4] at 64, 32 bytes
        4 CPU:0 Mul Mul -> double[4] at 0, 32 bytes over input 0; 4 flops
        """)
    let input = Tensor([0.5, -1, 2, 0])
    let expected = try Session(graph).run([z, w], feeds: [x: input])
    #expect(try session.run([z, w], feeds: [x: input]) == expected)
  }

  @Test func variablesAndTheirWritersStayTogether() throws {
    let graph = Graph()
    let v = try graph.withDevice("CPU:1") {
      try graph.variable(Tensor([1.0, 2]), name: "v")
    }
    let update = try graph.add(Assign(), [v.value, v.value * 2], name: "update")
    let session = Session(graph, options: options(twoProcessors))
    try session.initializeVariables()
    let plan = try session.plan(fetches: [], targets: [update])
    #expect(plan.description.contains("CPU:1 Assign update"))
    _ = try session.run([], targets: [update])
    #expect(try session.value(of: v) == Tensor([2.0, 4]))
    let conflict = try graph.withDevice("CPU:0") {
      try graph.add(Assign(), [v.value, v.value * 3], name: "elsewhere")
    }
    let error = #expect(throws: GraphError.self) { try session.run([], targets: [conflict]) }
    #expect(error?.message.contains("what it must be with for") == true)
  }

  /// Who reads a variable on another device reads it between the same writes as everybody else.
  @Test(arguments: ["CPU:0", "CPU:1"]) func variablesAreCopiedWhenTheyAreRead(
    device: DeviceName
  ) throws {
    let graph = Graph()
    let v = try graph.variable(Tensor([1.0, 2, 3]), name: "v")
    let ten = graph.constant(Tensor([10.0, 10, 10]))
    let before = graph.withDevice(device) { tanh(v.value) }
    let first = try graph.add(AssignAdd(), [v.value, ten])
    let between = graph.withDevice(device) {
      graph.withControlDependencies([first]) { square(identity(v.value)) + tanh(v.value) }
    }
    let second = try graph.add(
      AssignAdd(), [v.value, ten], controlInputs: [first, between.node])
    let after = graph.withDevice(device) {
      graph.withControlDependencies([second]) { exp(v.value / 10) }
    }
    let fetches = [before, between, after]
    let single = Session(graph)
    let session = Session(graph, options: options(twoProcessors))
    for session in [single, session] { try session.initializeVariables() }
    let expected = try single.run(fetches, targets: [second])
    // tanh of such numbers is 1 to the last bits but a few.
    for (found, v) in zip(expected[1].scalars(as: Double.self), [11.0, 12, 13]) {
      #expect(abs(found - (v * v + 1)) < 1e-8)
    }
    for (a, b) in zip(try session.run(fetches, targets: [second]), expected) {
      #expect(a.hasSameBits(as: b))
    }
    #expect(try session.value(of: v) == Tensor([21.0, 22, 23]))
  }

  @Test func aMissingDeviceIsLoggedOrRefused() throws {
    let graph = Graph()
    let x = graph.placeholder(.float64, [2], name: "x")
    let y = graph.withDevice("/device:GPU:3") { exp(x) }
    let soft = Session(graph, options: options(twoProcessors))
    _ = try soft.run([y], feeds: [x: Tensor([1.0, 2])])
    #expect(
      log.withLock { $0 } == [
        "Exp: runs on /job:localhost/replica:0/task:0/device:CPU:0, not on /device:GPU:3, which is "
          + "not there; there are: CPU:0, CPU:1"
      ])
    let strict = Session(graph, options: options(twoProcessors, soft: false))
    let error = #expect(throws: GraphError.self) {
      try strict.run([y], feeds: [x: Tensor([1.0, 2])])
    }
    #expect(
      error?.description
        == "Exp \"Exp\" (double[2]): asks for the device /device:GPU:3, which is not"
        + " there; there are: CPU:0, CPU:1")
  }

  @Test func theNullDeviceComputesNothing() throws {
    let graph = Graph()
    let x = graph.placeholder(.float64, ["n"], name: "x")
    let y = graph.withDevice("NULL:0") { exp(x) }
    let v = try graph.withDevice("NULL:0") { try graph.variable(Tensor(1.0), name: "v") }
    let session = Session(graph, options: options([CPUDevice(), NullDevice()]))
    let plan = try session.plan(feeds: [x], fetches: [y])
    #expect(plan.description.contains("NULL:0 Exp Exp -> double[n] at #"))
    #expect(try session.run([y], feeds: [x: Tensor([1.0, 2])])[0].shape == [2])
    // State is nothing that it could pretend.
    try session.initializeVariables()
    #expect(try session.value(of: v) == Tensor(1.0))
    #expect(log.withLock { $0.contains { $0.contains("which cannot run it") } })
  }

  @Test func colocatedNodesFollow() throws {
    let graph = Graph()
    let x = graph.placeholder(.float64, [2], name: "x")
    let y = graph.withDevice("CPU:1") { exp(x) }
    let z = graph.withColocation(y.node) { tanh(x) }
    let plan = try Session(graph, options: options(twoProcessors)).plan(
      feeds: [x], fetches: [y, z])
    #expect(plan.description.contains("CPU:1 Tanh"))
  }

  @Test(arguments: [
    ("/job:worker/task:1/device:GPU:2", "/job:worker/task:1/device:GPU:2"),
    ("/gpu:1", "/device:GPU:1"), ("cpu:0", "/device:CPU:0"), ("/device:CPU:*", "/device:CPU:*"),
    ("", ""), ("/task:3", "/task:3"), ("/device:*:1", "/device:*:1"),
  ])
  func deviceNamesAreRead(text: String, printed: String) throws {
    #expect(try DeviceName(text).description == printed)
    #expect(try DeviceName(printed) == DeviceName(text))
  }

  @Test(arguments: ["/job", "/device:CPU:x", "/task:-1", "/a:b:c", "/device:"])
  func wrongDeviceNamesAreRefused(text: String) {
    #expect(throws: GraphError.self) { try DeviceName(text) }
  }

  @Test func randomGraphsGiveEqualBitsOnSeveralDevices() throws {
    for seed in UInt64(0)..<100 {
      let random = RandomGraph(seed: seed, operations: 25, namesSizes: seed % 2 == 0)
      let copy = Graph()
      var values: [Value: Value] = [:]
      for node in random.graph.nodes {
        let device: DeviceName = node.id % 3 == 0 ? "CPU:1" : "CPU:0"
        let inputs = node.inputs.map { values[$0]! }
        let twin = try copy.withDevice(device) {
          try copy.add(node.operation, inputs, name: node.name)
        }
        for (old, new) in zip(node.outputs, twin.outputs) { values[old] = new }
      }
      let expected = try Session(random.graph).run(random.fetches, feeds: random.feeds)
      let feeds = Dictionary(uniqueKeysWithValues: random.feeds.map { (values[$0]!, $1) })
      let session = Session(copy, options: options(twoProcessors))
      let results = try session.run(random.fetches.map { values[$0]! }, feeds: feeds)
      #expect(zip(expected, results).allSatisfy { $0.hasSameBits(as: $1) }, "seed \(seed)")
    }
  }
}
