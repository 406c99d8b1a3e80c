import Atomistics
import Dataflow
import Foundation
import TestSupport
import Testing

@testable import AtomicNetworks

/// Networks and losses that texts in the graph language define.
@Suite struct GraphNetworkTests {
  private static let graphs = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Graphs")

  /// Layers for hydrogen, a text for oxygen.
  private func model() throws -> NetworkModel {
    var model = Fixtures.model()
    let source = try GraphSource(Self.graphs.appendingPathComponent("network.graph"))
    model.networks[1] = SpeciesNetwork(
      symbol: "O", graph: try GraphNetwork(source: source, featureSize: 18, seed: 5), offset: -3.5)
    return model
  }

  private func trainer(_ model: NetworkModel, _ objective: TrainingObjective) throws -> Trainer {
    try Trainer(
      model, objective: objective,
      schedule: TrainingSchedule(batchSize: 4, maxSteps: 10, learningRate: 0.01))
  }

  @Test func aTextIsReadWithWhatItIncludes() throws {
    let network = try #require(try model().networks[1].graph)
    #expect(network.source.file == "network.graph")
    #expect(Array(network.source.includes.keys) == ["layers.graph"])
    #expect(network.parameters.count == 8)
    #expect(network.parameters.map(\.name).contains("straight/weights"))
    #expect(try model().networks[1].parameterCount == 19 + 18 * 16 + 16 + 16 * 16 + 16 + 17)
  }

  /// The files of two variables are two, whatever they are called.
  @Test func noFileHoldsTwoVariables() throws {
    var model = try model()
    func network(_ symbol: String, _ names: [String]) throws -> SpeciesNetwork {
      let text = try #require(model.networks[1].graph)
      let parameters = names.enumerated().map { index, name in
        GraphNetwork.Parameter(name: name, value: Tensor([Float(index), Float(names.count)]))
      }
      return SpeciesNetwork(
        symbol: symbol,
        graph: GraphNetwork(source: text.source, featureSize: 18, parameters: parameters), offset: 0
      )
    }
    model.networks = [
      try network("O", ["a/w", "a_w", "A_w", "a_w_2"]), try network("O_a", ["w"]),
    ]
    let folder = try TemporaryFolder()
    try model.write(to: folder.url)
    #expect(try NetworkModel(folder: folder.url).networks == model.networks)
    #expect(try Set(folder.names.map { $0.lowercased() }).count == 6)
  }

  /// A text may do with the atoms of a batch whatever it likes, so that slices could be something else.
  @Test func itTakesBatchesAsAWhole() throws {
    var objective = TrainingObjective()
    objective.forcesCost = 0.5
    #expect(try trainer(model(), objective).graph.slices == nil)
    #expect(try trainer(Fixtures.model(), objective).graph.slices != nil)
  }

  @Test func itIsTrainedWithForcesAndGoesOnFromItsCheckpoint() throws {
    var objective = TrainingObjective()
    objective.forcesCost = 0.5
    objective.regularization.weightsL2 = 1e-3
    let whole = try trainer(model(), objective)
    let batch = try whole.batch(of: Fixtures.structures(4))
    let first = try whole.run(batch)
    for _ in 0..<2 { _ = try whole.run(batch) }
    let checkpoint = try TrainingCheckpoint.make(whole)
    #expect(checkpoint.tensors.keys.contains("species_O/straight/weights"))
    #expect(try TrainingCheckpoint.model(in: checkpoint, file: "here") == whole.model())
    let second = try trainer(model(), objective)
    try TrainingCheckpoint.restore(second, from: checkpoint)
    for _ in 0..<6 {
      let (one, other) = (try whole.run(batch), try second.run(batch))
      #expect(one.energyErrors == other.energyErrors)
    }
    #expect(try whole.model() == second.model())
    #expect(try whole.run(batch).energyLoss < first.energyLoss)
  }

  @Test func foldersKeepTheText() throws {
    let folder = try TemporaryFolder()
    let model = try model()
    try model.write(to: folder.url)
    #expect(try NetworkModel(folder: folder.url) == model)
    #expect(try folder.names.contains("species_O_straight_weights.npy"))
    #expect(throws: NetworkError.self) { try model.write(to: folder.url, version: .v1) }
    #expect(throws: NetworkError.self) { try LAMMPSPotential.write(model, to: folder.url) }
  }

  /// Energies as in single precision, forces minus their derivatives.
  @Test func itIsAPotential() throws {
    let model = try model()
    let potential = try NetworkPotential(model)
    var structure = Structure(
      species: ["O", "H", "H"], positions: [[0, 0, 0.1], [0.8, 0, 0.6], [-0.7, 0.1, 0.6]])
    let forces = try potential.evaluate(structure).forces
    for (atom, component) in [(0, 2), (1, 0), (2, 1)] {
      structure.positions[atom][component] += 1e-5
      let forward = try potential.evaluate(structure).energy
      structure.positions[atom][component] -= 2e-5
      let backward = try potential.evaluate(structure).energy
      structure.positions[atom][component] += 1e-5
      #expect(abs(forces[atom][component] + (forward - backward) / 2e-5) < 1e-7)
    }
    let structures = try Fixtures.structures(3)
    let trainer = try trainer(model, TrainingObjective())
    let errors = try trainer.run(trainer.batch(of: structures)).energyErrors
    let results = try Evaluator(model, computesForces: false).evaluate(structures)
    for (error, result) in zip(errors, results) {
      #expect(abs(error - (result.energy - result.referenceEnergy)) < 1e-5)
    }
  }

  // MARK: Losses

  @Test func aLossIsWhatItsTextSays() throws {
    var objective = TrainingObjective()
    objective.energyLossSource = try GraphSource(
      Self.graphs.appendingPathComponent("log_cosh.graph"))
    let trainer = try trainer(model(), objective)
    let step = try trainer.run(trainer.batch(of: Fixtures.structures(4)))
    let expected = zip(step.energyErrors, step.atomCounts).reduce(0) {
      $0 + log(cosh($1.0 / Double($1.1)))
    }
    #expect(abs(step.energyLoss - expected) < 1e-5 * expected)
  }

  /// The same losses in both ways train alike.
  @Test func quadraticLossesAsTexts() throws {
    let folder = try TemporaryFolder()
    func source(_ errors: String, _ loss: String) throws -> GraphSource {
      try GraphSource(
        folder.write(
          """
          parameter real = double
          \(errors) = placeholder(real[structures])
          atom_counts = placeholder(real[structures])
          loss = Sum(\(loss), axes: [0], keep_dims: false)
          """, to: "\(errors).graph"))
    }
    var objective = TrainingObjective()
    objective.forcesCost = 0.3
    objective.forceLoss = .quadAtom
    var texts = objective
    texts.energyLossSource = try source("errors", "errors ^ 2")
    texts.forceLossSource = try source("squared_errors", "squared_errors / atom_counts ^ 2")
    let trainers = [try trainer(Fixtures.model(), objective), try trainer(Fixtures.model(), texts)]
    let batch = try trainers[0].batch(of: Fixtures.structures(4))
    for _ in 0..<3 {
      let steps = try trainers.map { try $0.run(batch) }
      #expect(abs(steps[0].energyLoss - steps[1].energyLoss) <= 1e-5 * steps[0].energyLoss)
      #expect(abs(steps[0].forceLoss! - steps[1].forceLoss!) <= 1e-5 * steps[0].forceLoss!)
    }
  }

  // MARK: Errors

  /// A network gives the same for the same atoms, and a training that goes on the same as one that never ended.
  @Test(arguments: [
    ("RandomStandardNormal(shape: [size(sums, 0)], dtype: real)", "more, RandomStandardNormal"),
    ("total(AssignAdd(w, w))", "more/AssignAdd, AssignAdd"),
    ("total(StatelessRandomNormal(Shape(descriptors), shape: [3], dtype: real))", nil),
  ])
  func whatIsAnotherInEachRunIsRefused(term: String, node: String?) throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(
      """
      parameter real = float
      function total(x) { return Sum(x, axes: axes(x), keep_dims: false) }
      descriptors = placeholder(real[atoms, 6])
      w = variable(zeros(real[1]))
      sums = Sum(descriptors, axes: [1], keep_dims: false)
      more = \(term)
      energies = sums + more
      """, to: "net.graph")
    var said = ""
    do {
      _ = try GraphNetwork(source: GraphSource(file), featureSize: 6, seed: 0)
    } catch { said = "\(error)" }
    let expected = node.map {
      "net.graph: energies depends on network/\($0), which is another in each run; operations like"
        + " StatelessRandomUniform are not"
    }
    #expect(said == expected ?? "")
  }

  /// Energies that no parameter changes are trained for nothing.
  @Test func nothingToTrainIsAnError() throws {
    var model = Fixtures.model()
    for network in model.networks.indices {
      for layer in model.networks[network].layers.indices {
        model.networks[network].layers[layer].isTrainable = false
      }
    }
    let error = #expect(throws: NetworkError.self) { try trainer(model, TrainingObjective()) }
    #expect(
      error?.message == "there is nothing to train: the loss depends on no trainable parameter")
  }

  @Test func whatIsNoNetworkIsNamed() throws {
    let folder = try TemporaryFolder()
    func message(_ text: String) throws -> String {
      let file = try folder.write("parameter real = float\n" + text, to: "net.graph")
      do {
        _ = try GraphNetwork(source: GraphSource(file), featureSize: 6, seed: 0)
        return ""
      } catch { return "\(error)".replacing(folder.url.path, with: "") }
    }
    #expect(
      try message("descriptors = placeholder(real[n, 6])")
        == "net.graph: the text does not say what energies is")
    #expect(
      try message("descriptors = placeholder(real[n, 6])\nenergies = Tanh(descriptors)")
        == "net.graph: energies is float[atoms, 6], expected float[atoms]")
    #expect(
      try message("descriptors = placeholder(real[n, 7])").contains(
        "network/descriptors is float[n, 7] here, but what takes its place is float[atoms, 6]"))
    #expect(
      try message("include \"other.graph\"").contains("other.graph: cannot be read as a text"))
    #expect(try message("x = Tahn(1)").contains("net.graph:2:5: there is no operation"))
    let sums = "energies = Sum(descriptors, axes: [1], keep_dims: false)"
    #expect(try message("descriptors = placeholder(real[n, 6])\n\(sums)") == "")
    #expect(
      try message(
        "descriptor = placeholder(real[n, 6])\n" + sums.replacing("descriptors", with: "descriptor")
      )
        == "net.graph: the placeholder descriptor: it may have descriptors")
    // What uses a network computes in double.
    #expect(
      try message("descriptors = placeholder(float[n, 6])\n\(sums)").contains(
        "network/descriptors is float[n, 6] here, but what takes its place is double[atoms, 6]"))
    #expect(
      try message("descriptors = placeholder(real[n, 6])\nw = variable(zeros(double[6]))\n\(sums)")
        == "net.graph: the variable w is double where real is float: variables are real")
    var objective = TrainingObjective()
    let file = try folder.write(
      "parameter real = float\nerrors = placeholder(real[n])\nloss = errors ^ 2", to: "loss.graph")
    objective.energyLossSource = try GraphSource(file)
    let error = #expect(throws: NetworkError.self) { try trainer(Fixtures.model(), objective) }
    #expect(
      error?.description == "loss.graph: loss is float[structures], expected one number")
  }
}
