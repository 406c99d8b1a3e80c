import Dataflow
import TestSupport
import Testing

@testable import DataflowRuntime

/// Steps that a device has written down compute in every run what they would one by one. The device's memory is
/// the host's and its kernels are the processor's, called with what was written down of where things are.
@Suite(.timeLimit(.minutes(10))) struct StepRecordingTests {
  private func options(_ device: RecordingDevice) -> SessionOptions {
    var options = SessionOptions()
    options.placement.devices.append(device)
    options.placement.defaultDevice = device.name
    return options
  }

  /// Of random graphs with feeds that change in every run, and sizes in some.
  @Test(arguments: 0..<20) func randomGraphs(seed: UInt64) throws {
    let device = RecordingDevice()
    let random = RandomGraph(seed: seed, operations: 25, namesSizes: seed % 2 == 0)
    let (plain, recorded) = (
      Session(random.graph), Session(random.graph, options: options(device))
    )
    for run in 0..<10 {
      var feeds = random.feeds
      for (number, (value, tensor)) in random.feeds.sorted(by: { $0.key.name < $1.key.name })
        .enumerated()
      {
        var shape = tensor.shape.dimensions
        if seed % 2 == 0, run >= 5 { shape[0] += run / 7 * 3 }
        feeds[value] = .random(Shape(shape), seed: UInt64(1000 * run + number) + seed)
      }
      let expected = try plain.run(random.fetches, feeds: feeds)
      let found = try recorded.run(random.fetches, feeds: feeds)
      for (a, b) in zip(found, expected) { #expect(a.hasSameBits(as: b), "run \(run)") }
    }
    #expect(device.space.replays.value > 0)
  }

  /// A training, of which the runs with fetches and those without take turns, and variables are set from outside.
  @Test func training() throws {
    let device = RecordingDevice()
    let graph = Graph()
    let x = graph.placeholder(.float64, ["n", 3])
    let w = try graph.variable(Tensor.random([3, 4]), name: "w")
    let v = try graph.variable(Tensor.random([4, 1], seed: 2), name: "v")
    let loss = sum(square(matMul(tanh(matMul(x, w.value)), v.value) - 1))
    let gradients = try graph.gradients(of: [loss], withRespectTo: [w.value, v.value])
    let step = try AdamOptimizer().apply(
      gradients.map { $0! }, to: [w, v], learningRate: graph.constant(0.01, .float64))
    let (plain, recorded) = (Session(graph), Session(graph, options: options(device)))
    for session in [plain, recorded] { try session.initializeVariables() }
    for run in 0..<30 {
      let feeds = [x: Tensor.random([run < 20 ? 6 : 4 + run % 2, 3], seed: UInt64(run))]
      if run == 12 {
        for session in [plain, recorded] {
          try session.assign(Tensor.random([3, 4], seed: 9), to: w)
        }
      }
      let fetches = run % 3 == 0 ? [loss] : []
      let expected = try plain.run(fetches, feeds: feeds, targets: [step])
      #expect(try recorded.run(fetches, feeds: feeds, targets: [step]) == expected, "run \(run)")
    }
    for variable in graph.variables {
      #expect(try recorded.value(of: variable).hasSameBits(as: plain.value(of: variable)))
    }
    #expect(device.space.replays.value > 10)
  }

  /// Sizes that a step of the processor finds out, in the middle.
  @Test func lateSizes() throws {
    let device = RecordingDevice()
    let graph = Graph()
    let x = graph.placeholder(.float64, ["n"])
    let places = try graph.add(Where(), [tanh(x) .> 0]).output
    let y = exp(gatherNd(square(x) * 2, places))
    let z = sum(y * tanh(y)) + sum(tanh(x))
    let (plain, recorded) = (Session(graph), Session(graph, options: options(device)))
    for run in 0..<12 {
      let feeds = [x: Tensor.random([8 + run / 4], seed: UInt64(run / 3))]
      let expected = try plain.run([y, z], feeds: feeds)
      #expect(try recorded.run([y, z], feeds: feeds) == expected, "run \(run)")
    }
  }
}

/// A device that writes down its kernels' calls.
private final class RecordingDevice: Device {
  let name = DeviceName.local("RECORDING", 0)
  let space = RecordingSpace()
  var memory: (any DeviceMemory)? { space }

  func canRun(_ node: Node) -> Bool {
    if node.operation is VariableV2 { return true }
    return !node.operation.mayBlock && node.ownLateSymbols.isEmpty
      && node.operation.functions.isEmpty
      && node.operation.isStateful == !node.operation.mutatedInputs.isEmpty
      && !node.outputSpecs.contains { $0.elementType == .resource }
  }

  func makeKernel(at site: KernelSite) throws -> any Kernel {
    RecordedKernel(
      try site.node.operation.makeKernel(at: site), inputs: site.inputs.map(\.shape.rank),
      outputs: site.outputs.map(\.shape.rank), space)
  }
}

/// The host's memory, and what is written down at the time.
private final class RecordingSpace: DeviceMemory, @unchecked Sendable {
  typealias Call = () throws -> Void

  // Used by one thread.
  var calls: [Call]?
  let replays = Count()

  final class Count { var value = 0 }

  final class Recording: DeviceRecording {
    let calls: [Call]
    let replays: Count

    init(_ calls: [Call], _ replays: Count) { (self.calls, self.replays) = (calls, replays) }

    func replay() throws {
      replays.value += 1
      for call in calls { try call() }
    }
  }

  func record(_ body: () throws -> Void) throws -> (any DeviceRecording)? {
    calls = []
    defer { calls = nil }
    try body()
    return Recording(calls!, replays)
  }

  func allocate(byteCount: Int) -> any DeviceBlock { AlignedStorage(byteCount: byteCount) }

  func upload(_ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, byteCount: Int) {
    target.copyMemory(from: source, byteCount: byteCount)
  }

  func download(_ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, byteCount: Int) {
    target.copyMemory(from: source, byteCount: byteCount)
  }

  func fill(_ block: any DeviceBlock, with byte: UInt8) {
    block.base.initializeMemory(as: UInt8.self, repeating: byte, count: block.byteCount)
  }

  func synchronize() {}
}

/// A kernel of the processor's that is called with its own copies of what describes its tensors.
private final class RecordedKernel: RepeatableKernel {
  private let kernel: any Kernel
  private let ranks: [Int]
  private let inputs: Int
  private let space: RecordingSpace

  init(_ kernel: any Kernel, inputs: [Int], outputs: [Int], _ space: RecordingSpace) {
    self.kernel = kernel
    ranks = inputs + outputs
    self.inputs = inputs.count
    self.space = space
  }

  func prepare(_ sizes: KernelSizes) throws -> Int { try kernel.prepare(sizes) }

  func run(_ context: borrowing KernelContext) throws {
    guard space.calls != nil else { return try kernel.run(context) }
    let dimensions = AlignedStorage(byteCount: max(1, 8 * ranks.reduce(0, +)))
    let views = AlignedStorage(byteCount: max(1, ranks.count * MemoryLayout<TensorView>.stride))
    let target = views.base.bindMemory(to: TensorView.self, capacity: ranks.count)
    var start = dimensions.base.bindMemory(to: Int.self, capacity: ranks.reduce(0, +))
    for (number, rank) in ranks.enumerated() {
      let view = number < inputs ? context.inputs[number] : context.outputs[number - inputs]
      for axis in 0..<rank { start[axis] = view.dimensions[axis] }
      (target + number).initialize(
        to: TensorView(base: view.base, dimensions: start, rank: rank, count: view.count))
      start += rank
    }
    let (workspace, executor, state) = (context.workspace, context.executor, context.state)
    space.calls!.append { [kernel, inputs] in
      try withExtendedLifetime((views, dimensions)) {
        try kernel.run(
          KernelContext(
            inputs: target, outputs: target + inputs, workspace: workspace, executor: executor,
            state: state))
      }
    }
  }
}
