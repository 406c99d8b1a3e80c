import Atomistics
import Dataflow
import Foundation
import TestSupport
import Testing

@testable import AtomicNetworks

@Suite struct TrainedNetworksTests {
  private func trainer(steps: Int) throws -> Trainer {
    var objective = TrainingObjective()
    objective.forcesCost = 0.1
    let trainer = try Trainer(
      Fixtures.model(), objective: objective,
      schedule: TrainingSchedule(batchSize: 4, maxSteps: 10, learningRate: 0.01))
    let batch = try trainer.batch(of: Fixtures.structures(4))
    for _ in 0..<steps { _ = try trainer.run(batch) }
    return trainer
  }

  @Test func tensorFlowsCheckpointsHoldTheOriginalsNames() throws {
    let folder = try TemporaryFolder()
    let trainer = try trainer(steps: 3)
    try TrainedNetworks.writeTensorFlowCheckpoint(trainer, to: folder.url, keeping: 2)
    #expect(
      try folder.names == [
        "checkpoint", "model.ckpt-3.data-00000-of-00001", "model.ckpt-3.index",
        "networks_metadata.json",
      ])
    let checkpoint = try TensorFlowCheckpoint(folder.file("model.ckpt-3"))
    let names = checkpoint.variables.map(\.name)
    #expect(names.count == 3 + 3 * 12)
    for name in ["weights", "weights/Adam", "weights/Adam_1", "biases"] {
      #expect(names.contains("species_O_layer_1/\(name)"))
    }
    #expect(try checkpoint.tensor("global_step").scalar(as: Int64.self) == 3)
    let power = try checkpoint.tensor("beta1_power").scalar(as: Float.self)
    #expect(abs(power - Float(0.9 * 0.9 * 0.9 * 0.9)) < 1e-6)
  }

  @Test func trainingGoesOnFromThemWithTheSameBits() throws {
    let folder = try TemporaryFolder()
    let whole = try trainer(steps: 6)
    try TrainedNetworks.writeTensorFlowCheckpoint(trainer(steps: 3), to: folder.url, keeping: 1)
    let networks = TrainedNetworks(folder.url)
    #expect(networks.steps == [3])
    let second = try trainer(steps: 0)
    try networks.restore(second, tensorFlowStep: 3)
    #expect(second.step == 3)
    #expect(try networks.model(step: 3) == second.model())
    let batch = try second.batch(of: Fixtures.structures(4))
    for _ in 0..<3 { _ = try second.run(batch) }
    #expect(try second.model().bits == whole.model().bits)
  }

  /// The metadata beside them say what the networks are, and what this program noted is there again.
  @Test func theyAreReadAsCheckpointsOfThisProgram() throws {
    let folder = try TemporaryFolder()
    let trainer = try trainer(steps: 3)
    let notes = ["seed": "7", "ä": "b"]
    try TrainedNetworks.writeTensorFlowCheckpoint(
      trainer, notes: notes, to: folder.url, keeping: 1)
    let own = try TrainingCheckpoint.make(trainer, notes: notes)
    let networks = TrainedNetworks(folder.url)
    var damages: [String] = []
    var found = try #require(networks.newest { damages.append("\($0)") })
    #expect(found.checkpoint == own && found.file == folder.file("model.ckpt-3").path)
    #expect(try found.model == trainer.model() && damages.isEmpty)
    // Without them nothing does.
    let metadata = folder.file("networks_metadata.json")
    try FileManager.default.removeItem(at: metadata)
    try own.write(to: folder.file("checkpoint-2.panna"))
    found = try #require(networks.newest { damages.append("\($0)") })
    #expect(found.file == folder.file("checkpoint-2.panna").path)
    #expect(
      damages == [
        "\(metadata.path): cannot be read; it says what the networks of a checkpoint are"
      ])
  }

  @Test func onlyAsManyAreKept() throws {
    let folder = try TemporaryFolder()
    let trainer = try trainer(steps: 0)
    let batch = try trainer.batch(of: Fixtures.structures(4))
    for _ in 0..<4 {
      _ = try trainer.run(batch)
      try TrainedNetworks.writeTensorFlowCheckpoint(trainer, to: folder.url, keeping: 2)
    }
    #expect(TrainedNetworks.tensorFlowSteps(folder.url) == [3, 4])
    let list = try String(contentsOf: folder.file("checkpoint"), encoding: .utf8)
    #expect(list == "model_checkpoint_path: \"model.ckpt-4\"\n")
  }

  @Test func bothGenerationsOfFoldersSayTheSame() throws {
    let folder = try TemporaryFolder()
    var model = Fixtures.model(.tanh)
    model.networks[1].layers[1].isTrainable = false
    try model.write(to: folder.url, version: .v1)
    #expect(try NetworkModel(folder: folder.url) == model)
    let names = try folder.names
    #expect(names.count == 13 && names.contains("H_l0_w.npy") && names.contains("O_l2_b.npy"))
    let text = try String(contentsOf: folder.file("networks_metadata.json"), encoding: .utf8)
    #expect(text.contains("\"version\" : \"v1\"") && text.contains("\"trainable\""))
  }

  /// The second generation's own keys, and no more: it says neither what is trained nor how descriptors are
  /// made.
  @Test func foldersOfTheSecondGenerationAreRead() throws {
    let folder = try TemporaryFolder()
    var model = Fixtures.model(.relu)
    model.descriptors = nil
    try model.write(to: folder.url, version: .v1)
    let written = try JSONSerialization.jsonObject(
      with: Data(contentsOf: folder.file("networks_metadata.json")))
    let metadata = """
      {
        "version": "v1",
        "scaffold_type": "PANNA",
        "networks_species": ["H", "O"],
        "energy_rescale": 1,
        "networks": [
          {"type": "a2ff", "name": "H", "feature_size": 18, "layers": [5, 4, 1],
           "activations": [3, 3, 0], "offset": -2.5},
          {"type": "a2ff", "name": "O", "feature_size": 18, "layers": [5, 4, 1],
           "activations": [3, 3, 0], "offset": -3.5}
        ]
      }
      """
    let expected = try JSONSerialization.jsonObject(with: Data(metadata.utf8))
    #expect(try #require(written as? NSDictionary) == #require(expected as? NSDictionary))
    _ = try folder.write(metadata, to: "networks_metadata.json")
    #expect(try NetworkModel(folder: folder.url) == model)
  }

  @Test func plainDescriptorsTravelWithTheNetworks() throws {
    let folder = try TemporaryFolder()
    var model = Fixtures.model()
    let parameters = BehlerParrinelloParameters(
      species: ["H", "O"], radialEtas: [1, 2], radialCutoff: 4, radialStart: 0.5, radialCount: 3,
      angularEtas: [0.1], angularCutoff: 3.5, zetas: [1], cutsThirdDistance: true)
    #expect(parameters.size == 18)
    model.descriptors = .behlerParrinello(parameters)
    try model.write(to: folder.url)
    #expect(try NetworkModel(folder: folder.url) == model)
    // Forces are minus the derivatives of the energy.
    let potential = try NetworkPotential(model)
    var structure = Structure(
      species: ["O", "H", "H"], positions: [[0, 0, 0.1], [0.8, 0, 0.6], [-0.7, 0.1, 0.6]])
    let force = try potential.evaluate(structure).forces[1].x
    structure.positions[1].x += 1e-5
    let forward = try potential.evaluate(structure).energy
    structure.positions[1].x -= 2e-5
    let backward = try potential.evaluate(structure).energy
    #expect(abs(force + (forward - backward) / 2e-5) < 1e-7)
  }

  /// A step that overflows leaves no state that is kept.
  @Test func notFiniteNumbersAreNamed() throws {
    let trainer = try Trainer(
      Fixtures.model(), objective: TrainingObjective(),
      schedule: TrainingSchedule(batchSize: 4, maxSteps: 10, learningRate: 1e30))
    let batch = try trainer.batch(of: Fixtures.structures(4))
    _ = try trainer.run(batch)
    let error = #expect(throws: NonFiniteError.self) { try trainer.run(batch) }
    #expect(error?.step == 2 && error?.names.isEmpty == false)
    var wrong = try Fixtures.structures(4)
    wrong[2].energy = .nan
    let other = try self.trainer(steps: 0)
    let message = #expect(throws: NonFiniteError.self) {
      try other.run(other.batch(of: wrong))
    }
    #expect(
      message?.description == "step 1: the energy error of cluster2 is nan for the batch cluster0,"
        + " cluster1, cluster2, cluster3")
    #expect(throws: NonFiniteError.self) { try other.state() }
  }
}
