import Dataflow
import TestSupport
import Testing

@testable import DataflowAccelerators

/// A batch that several devices compute, each some slices of it. The devices are one of OpenCL's, opened twice, each with
/// memory and kernels of its own.
@Suite(
  .enabled(if: !TestDevice.catalog.openCL.isEmpty, TestDevice.absence), .serialized,
  .timeLimit(.minutes(20)))
struct DeviceSliceTests {
  private let graph = Graph()
  private let x: Value
  private let target: Value
  private let w: Variable
  private let v: Variable

  init() throws {
    x = graph.placeholder(.float64, ["n", 6])
    target = graph.placeholder(.float64, ["n", 1])
    w = try graph.variable(Tensor.random([6, 12], seed: 1), name: "w")
    v = try graph.variable(Tensor.random([12, 1], seed: 2), name: "v")
  }

  /// A training step on values and their derivatives, of which slices are dealt out.
  private func training(
    on devices: [DeviceName]
  ) throws -> (slices: SlicedValues, step: Node) {
    let y = matMul(tanh(matMul(x, w.value)), v.value)
    let force = try graph.gradient(of: y, withRespectTo: x)
    let loss = sum(square(y - target)) + sum(square(force)) * 0.1
    let gradients = try graph.gradients(of: [loss], withRespectTo: [w.value, v.value])
    let slices = try graph.sliced(
      sums: [loss] + gradients.map { $0! }, rows: [y], by: [x, target], on: devices)
    let step = try AdamOptimizer().apply(
      Array(slices.sums.dropFirst()), to: [w, v], learningRate: graph.constant(0.01, .float64))
    return (slices, step)
  }

  /// Losses and predictions of some steps, and the weights after them.
  private func run(
    _ training: (slices: SlicedValues, step: Node), _ options: SessionOptions
  ) throws -> [Tensor] {
    let (slices, step) = training
    let session = Session(graph, options: options)
    try session.initializeVariables()
    var found: [Tensor] = []
    for number in 0..<6 {
      let rows = number < 4 ? 23 : 17
      let bounds = [0, 4, 9, 9, 14, rows].map { Int64($0) }
      found += try session.run(
        [slices.sums[0]] + slices.rows,
        feeds: [
          slices.inputs[0]: Tensor.random([rows, 6], seed: UInt64(number)),
          slices.inputs[1]: Tensor.random([rows, 1], seed: UInt64(100 + number)),
          slices.starts: Tensor(shape: [2, 6], scalars: bounds + bounds),
        ], targets: [step])
    }
    return try found + [w, v].map { try session.value(of: $0) }
  }

  @Test func devicesShareABatch() throws {
    let entry = TestDevice.catalog.openCL[0]
    try #require(entry.obstacle == nil)
    let devices = try (0..<2).map { try Accelerator(entry.open(), name: .local("OPENCL", $0)) }
    func options(threads: Int) -> SessionOptions {
      var options = SessionOptions(intraOpParallelismThreads: threads)
      options.placement.devices += devices
      return options
    }
    let expected = try run(training(on: []), SessionOptions())
    let one = try run(training(on: ["OPENCL:0"]), options(threads: 1))
    for (a, b) in zip(one, expected) { #expect(DeviceComparison.isClose(a, b, 1e-10)) }
    let both = try training(on: ["OPENCL:0", "OPENCL:1"])
    for threads in [1, 2, 3] {
      for (a, b) in zip(try run(both, options(threads: threads)), one) {
        #expect(a.hasSameBits(as: b), "\(threads) threads")
      }
    }
  }
}
