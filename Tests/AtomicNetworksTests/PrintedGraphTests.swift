import Dataflow
import Foundation
import Testing

@testable import AtomicNetworks

/// The graphs in `Graphs/` are what the library builds.
@Suite struct PrintedGraphTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Graphs")

  /// A small network, so that the lines are short: two components, one hidden layer.
  private static let networks = [
    SpeciesNetwork(
      symbol: "Si",
      layers: [
        SpeciesNetwork.Layer(
          weights: Tensor(shape: [2, 2], scalars: [0.5, -0.25, 0.125, 1] as [Float]),
          biases: Tensor([0, 0] as [Float]), activation: .gaussian),
        SpeciesNetwork.Layer(
          weights: Tensor(shape: [2, 1], scalars: [1, -1] as [Float]),
          biases: Tensor([0] as [Float]), activation: .linear),
      ], offset: 0)
  ]

  @Test(arguments: ["energies", "energies_and_forces"]) func filesAreUpToDate(name: String) throws {
    var objective = TrainingObjective()
    if name == "energies_and_forces" { objective.forcesCost = 1.3 }
    let graph = try TrainingGraph(Self.networks, objective: objective)
    let file = Self.folder.appendingPathComponent("\(name).txt")
    let text = graph.potential.graph.description + "\n"
    if ProcessInfo.processInfo.environment["UPDATE_GRAPHS"] != nil {
      try Data(text.utf8).write(to: file)
    }
    #expect(try String(contentsOf: file, encoding: .utf8) == text)
  }
}
