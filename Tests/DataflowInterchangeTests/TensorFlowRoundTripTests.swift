import Dataflow
import Foundation
import TestSupport
import Testing

/// Writes exported graphs with this engine's results for `Tests/tensorflow_roundtrip.sh`, which lets
/// TensorFlow run them.
@Suite(
  .enabled(
    if: ProcessInfo.processInfo.environment["TENSORFLOW_EXPORTS"] != nil,
    "only for Tests/tensorflow_roundtrip.sh"))
struct TensorFlowRoundTripTests {
  private struct Manifest: Encodable {
    var feeds: [String: String] = [:]
    var fetches: [String: String] = [:]
    var initializers: [String] = []
    var targets: [String] = []
    var repetitions = 0
  }

  private var folder: URL {
    URL(fileURLWithPath: ProcessInfo.processInfo.environment["TENSORFLOW_EXPORTS"]!)
  }

  @Test func samplesAreWritten() throws {
    for sample in try ExportSample.all { try write(sample) }
    #expect(FileManager.default.fileExists(atPath: folder.appendingPathComponent("loop").path))
  }

  @Test(arguments: RegistryExportTests.names) func registeredOperationsAreWritten(
    name: String
  ) throws {
    for sample in try RegistryExportTests.samples(of: name)
    where sample.fetches.allSatisfy({ !$0.node.operation.isStateful }) {
      // TensorFlow 2.21 makes zeros of whole numbers here.
      if name == "Round", sample.fetches[0].elementType.isInteger { continue }
      try write(sample)
    }
    #expect(OperationRegistry.operation(named: name) != nil)
  }

  @Test func checkpointIsWritten() throws {
    let target = folder.appendingPathComponent("checkpoint")
    try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
    var tensors: [String: Tensor] = [
      "species_H_layer_0/weights": Tensor.random([300, 20], seed: 1),
      "global_step": Tensor(Int64(7)),
      "beta1_power": Tensor(Float(0.9)), "flags": Tensor([true, false]),
    ]
    for index in 0..<2000 { tensors["many/variable_\(index)"] = Tensor([Int32(index), -1]) }
    var files: [String: String] = [:]
    for (index, (name, tensor)) in tensors.enumerated() {
      files[name] = "\(index).npy"
      try NumPyFile.write(tensor, to: target.appendingPathComponent("\(index).npy"))
    }
    try TensorFlowCheckpoint.write(tensors, to: target.appendingPathComponent("model.ckpt-7"))
    try JSONEncoder().encode(files).write(to: target.appendingPathComponent("variables.json"))
    #expect(files.count == 2004)
  }

  @Test(arguments: OperationCase.names) func operationsAreWritten(name: String) throws {
    let test = try OperationCase.read(name)
    let graph = try Graph(importing: try test.graphDef())
    var sample = ExportSample(name, graph)
    sample.feeds = try test.feeds(graph)
    let names = test.outputNames + test.gradientNames.map(\.tensor)
    sample.fetches = try names.map { try graph.value(named: $0) }
    try write(sample)
    #expect(sample.fetches.count == names.count)
  }

  private func write(_ sample: ExportSample) throws {
    let target = folder.appendingPathComponent(sample.name)
    try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
    try GraphDef(exporting: sample.graph).write(to: target.appendingPathComponent("graph.pb"))
    var manifest = Manifest()
    for (index, (value, tensor)) in sample.feeds.enumerated() {
      let file = "feed\(index).npy"
      manifest.feeds[tensorName(value)] = file
      try NumPyFile.write(tensor, to: target.appendingPathComponent(file))
    }
    for (index, (value, result)) in zip(sample.fetches, try sample.results()).enumerated() {
      let file = "fetch\(index).npy"
      manifest.fetches[tensorName(value)] = file
      try NumPyFile.write(result, to: target.appendingPathComponent(file))
    }
    manifest.initializers = sample.graph.variables.map(\.initializer.name)
    manifest.targets = sample.targets.map(\.name)
    manifest.repetitions = sample.repetitions
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try encoder.encode(manifest).write(to: target.appendingPathComponent("manifest.json"))
  }

  private func tensorName(_ value: Value) -> String { "\(value.node.name):\(value.index)" }
}
