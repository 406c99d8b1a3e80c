import Dataflow
import Foundation
import TestSupport
import Testing

/// Whole graphs that TensorFlow exported.
@Suite(.enabled(if: Golden.isPresent, "reference data absent"))
struct TrainingGraphTests {
  private static let optimizers = [
    ("sgd_f32", "GradientDescent"), ("adam_default_f32", "Adam"), ("adam_expdecay_f32", "Adam"),
    ("adam_clipvalue_f32", "Adam"),
  ]

  @Test(arguments: optimizers, [false, true])
  func trainingFollowsTensorFlow(optimizer: (String, String), isReturned: Bool) throws {
    let folder = Golden.url("tensorflow/optimizers/\(optimizer.0)")
    var def = try GraphDef.read(folder.appendingPathComponent("graph.pb"))
    if isReturned { def = try GraphDef(exporting: try Graph(importing: def)) }
    let graph = try Graph(importing: def)
    #expect(graph.variables.filter(\.isTrainable).map(\.name).sorted() == ["B1", "B2", "W1", "W2"])
    let session = Session(graph)
    _ = try session.run([], targets: [try #require(graph.node(named: "init"))])
    let losses = try NumPyFile.read(folder.appendingPathComponent("loss_per_step.npy"))
    let parameters = try NumPyFile.read(folder.appendingPathComponent("params_per_step.npy"))
    let loss = try graph.value(named: "Sum")
    let train = try #require(graph.node(named: optimizer.1))
    let names = ["W1", "B1", "W2", "B2"]
    let width = parameters.shape[1]
    for step in 0..<losses.elementCount {
      let current = try session.run(try names.map { try graph.value(named: $0) })
        .flatMap(\.asDoubles)
      for (found, expected) in zip(current, parameters.asDoubles[(step * width)...]) {
        #expect(abs(found - expected) <= 1e-5 * max(1, abs(expected)), "step \(step)")
      }
      let found = try session.run([loss], targets: [train])[0].asDoubles[0]
      let expected = losses.asDoubles[step]
      #expect(abs(found - expected) <= 1e-5 * max(1, abs(expected)), "step \(step)")
    }
    // The last row is what 30 steps lead to.
    #expect(losses.elementCount == 31)
  }

  @Test(arguments: ["graph.pb", "graph.pbtxt"], [false, true])
  func networksComputeWhatTensorFlowDoes(file: String, isReturned: Bool) throws {
    let folder = Golden.url("tensorflow/graph_mlp")
    var def = try GraphDef.read(folder.appendingPathComponent(file))
    if isReturned { def = try GraphDef(exporting: try Graph(importing: def)) }
    let graph = try Graph(importing: def)
    let x = try graph.value(named: "x")
    let values = try ["add_2", "energy", "dEdx"].map { try graph.value(named: $0) }
    let own = try graph.gradient(of: values[1], withRespectTo: x)
    let input = try NumPyFile.read(folder.appendingPathComponent("x.npy"))
    let results = try Session(graph).run(values + [own], feeds: [x: input])
    for (result, name) in zip(results, ["per_row", "energy", "dEdx", "dEdx"]) {
      let expected = try NumPyFile.read(folder.appendingPathComponent("\(name).npy"))
      #expect(result.asDoubles.count == expected.asDoubles.count)
      for (a, b) in zip(result.asDoubles, expected.asDoubles) {
        #expect(abs(a - b) <= 1e-5 * max(1, abs(b)), "\(name)")
      }
    }
  }
}
