import Atomistics
import Dataflow
import Foundation
import TestSupport
import Testing

@testable import AtomicNetworks

@Suite struct TrainingTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let activation: Activation
    let energyLoss: EnergyLoss
    let forceLoss: ForceLoss
    var testDescription: String { "\(activation) \(energyLoss) \(forceLoss)" }
  }

  static let cases =
    Activation.allCases.map {
      Case(activation: $0, energyLoss: .quad, forceLoss: .quad)
    }
    + EnergyLoss.allCases.map { Case(activation: .gaussian, energyLoss: $0, forceLoss: .quadAtom) }
    + ForceLoss.allCases.map { Case(activation: .tanh, energyLoss: .quadAtom, forceLoss: $0) }

  /// The gradient of the whole loss, forces included, against differences in double precision.
  @Test(arguments: cases) func gradientMatchesDifferences(_ testCase: Case) throws {
    var objective = TrainingObjective()
    objective.energyLoss = testCase.energyLoss
    objective.forceLoss = testCase.forceLoss
    objective.forcesCost = 0.3
    objective.regularization.weightsL2 = 0.01
    objective.regularization.biasesL1 = 0.02
    var model = Fixtures.model(testCase.activation)
    // Small errors, so that the exponential losses stay within reason.
    for index in model.networks.indices { model.networks[index].offset = -3 }
    let graph = try TrainingGraph(model.networks, objective: objective, elementType: .float64)
    let structures = try Fixtures.structures(3)
    let batch = try Batch(
      structures, speciesCount: 2, descriptorSize: Fixtures.descriptors.size, includesForces: true,
      elementType: .float64)
    var feeds = batch.feeds(graph.potential)
    feeds.merge(batch.forces!.feeds(graph.forces!)) { $1 }
    feeds[graph.referenceEnergies] = Tensor([0.1, -0.2, 0.15])
    feeds[graph.atomCounts] = Tensor(batch.atomCounts.map { Double($0) })
    let session = Session(graph.potential.graph)
    try session.initializeVariables()
    let variables = graph.potential.layers.joined().flatMap { [$0.weights, $0.biases] }
    let gradients = try graph.potential.graph.gradients(
      of: [graph.loss], withRespectTo: variables.map(\.value))
    for (variable, gradient) in zip(variables, gradients) {
      let gradient = try #require(gradient)
      let result = try session.run([gradient], feeds: feeds)[0].scalars(as: Double.self)
      let start = try session.value(of: variable)
      for index in stride(from: 0, to: result.count, by: max(1, result.count / 5)) {
        func loss(shiftedBy delta: Double) throws -> Double {
          var elements = start.scalars(as: Double.self)
          elements[index] += delta
          try session.assign(Tensor(shape: start.shape, scalars: elements), to: variable)
          return try session.run([graph.loss], feeds: feeds)[0].scalar(as: Double.self)
        }
        let step = 1e-5
        let difference = (try loss(shiftedBy: step) - loss(shiftedBy: -step)) / (2 * step)
        try session.assign(start, to: variable)
        #expect(
          abs(result[index] - difference) <= 1e-6 * max(1, abs(difference)),
          "\(variable.name)[\(index)]: \(result[index]) ≠ \(difference)")
      }
    }
  }

  @Test(arguments: [2, 3, 4]) func hasEqualBitsOnAnyNumberOfThreads(threads: Int) throws {
    #expect(try train(steps: 8, threads: 1) == train(steps: 8, threads: threads))
  }

  private func train(steps: Int, threads: Int) throws -> [UInt32] {
    let trainer = try trainer(threads: threads)
    // Large enough that work is cut into shards.
    let structures = try (0..<40).flatMap { try Fixtures.structures(8, seed: UInt64($0)) }
    let batch = try trainer.batch(of: structures)
    for _ in 0..<steps { _ = try trainer.run(batch) }
    return try trainer.model().bits
  }

  private func trainer(threads: Int = 1) throws -> Trainer {
    var objective = TrainingObjective()
    objective.forcesCost = 1
    return try Trainer(
      Fixtures.model(sizes: [32, 16, 1]), objective: objective,
      schedule: TrainingSchedule(
        batchSize: 4, maxSteps: 20, learningRate: 0.01,
        decay: TrainingSchedule.Decay(factor: 0.5, steps: 7)),
      options: SessionOptions(intraOpParallelismThreads: threads))
  }

  @Test func aRestoredTrainingGoesOnWithTheSameBits() throws {
    let structures = try Fixtures.structures(4)
    let undisturbed = try trainer()
    let batch = try undisturbed.batch(of: structures)
    for _ in 0..<12 { _ = try undisturbed.run(batch) }

    let first = try trainer()
    for _ in 0..<5 { _ = try first.run(batch) }
    let folder = try TemporaryFolder()
    let file = folder.url.appendingPathComponent("checkpoint-5.panna")
    try TrainingCheckpoint.make(first).write(to: file)
    let second = try trainer()
    try TrainingCheckpoint.restore(second, from: Checkpoint(file))
    #expect(second.step == 5)
    for _ in 0..<7 { _ = try second.run(batch) }
    #expect(try second.model().bits == undisturbed.model().bits)
    #expect(
      try TrainingCheckpoint.model(in: Checkpoint(file), file: "x").bits == first.model().bits)
  }

  @Test func watchingAStepChangesNoBits() throws {
    let structures = try Fixtures.structures(4)
    let (watched, unwatched) = (try trainer(), try trainer())
    let batch = try watched.batch(of: structures)
    let trace = RunTrace()
    for step in 0..<6 {
      let found = try watched.run(batch, trace: step == 3 ? trace : nil)
      let expected = try unwatched.run(batch)
      #expect(found.energyErrors == expected.energyErrors)
      #expect(found.forceLoss == expected.forceLoss)
    }
    let (first, second) = (try watched.state(), try unwatched.state())
    #expect(first.count == second.count)
    for (one, other) in zip(first, second) {
      #expect(one.name == other.name)
      #expect(
        one.value.scalars(as: Float.self) == other.value.scalars(as: Float.self), "\(one.name)")
    }
    let names = Set(watched.graph.potential.graph.nodes.map(\.name))
    #expect(!trace.records.isEmpty && trace.records.allSatisfy { names.contains($0.node) })
    #expect(trace.records.count { $0.operation == "ApplyAdam" } == 12)
  }

  /// Each error of a step and of a validation by its definition, from what the networks give alone.
  @Test func errorsAreWhatTheirNamesSay() throws {
    let structures = try Fixtures.structures(4)
    let trainer = try trainer()
    let results = try Evaluator(trainer.model(), computesForces: true).evaluate(structures)
    let energies = results.map { $0.energy - $0.referenceEnergy }
    let perAtom = zip(energies, structures).map { $0 / Double($1.atomCount) }
    let forces = results.flatMap { zip($0.forces!, $0.referenceForces!).map { $0 - $1 } }
    func squared(_ x: [Double]) -> Double {
      (x.map { $0 * $0 }.reduce(0, +) / Double(x.count)).squareRoot()
    }
    func absolute(_ x: [Double]) -> Double { x.map { abs($0) }.reduce(0, +) / Double(x.count) }
    let validation = try trainer.validate(structures)
    let step = try trainer.run(try trainer.batch(of: structures))
    for (found, expected) in [
      (step.energyRMSE, squared(energies)), (step.energyMAE, absolute(energies)),
      (step.energyRMSEPerAtom, squared(perAtom)), (step.energyMAEPerAtom, absolute(perAtom)),
      (step.forceRMSE!, squared(forces)), (step.forceMAE!, absolute(forces)),
      (validation.energyRMSE, squared(energies)),
      (validation.energyRMSEPerAtom, squared(perAtom)),
      (validation.energyMAEPerAtom, absolute(perAtom)),
      (validation.forceRMSE!, squared(forces)), (validation.forceMAE!, absolute(forces)),
    ] { #expect(abs(found - expected) < 2e-6 * max(1, expected), "\(found) ≠ \(expected)") }
  }

  /// What a drawing of the graph shows at first.
  @Test func theGraphHasABoxForEachPart() throws {
    let graph = try trainer().graph.potential.graph
    let boxes = graph.nodes.map(\.name).filter { $0.contains("/") }
      .map { String($0.prefix { $0 != "/" }) }
    let layers = ["H", "O"].flatMap { symbol in (0..<3).map { "species_\(symbol)_layer_\($0)" } }
    #expect(
      Set(boxes)
        == Set(
          layers + [
            "energies", "energy_errors", "energy_loss", "descriptor_gradient", "forces",
            "force_errors",
            "force_loss", "regularization", "loss", "gradients", "slices", "Adam", "beta1_power",
            "beta2_power",
          ]))
  }

  @Test func trainingImproves() throws {
    let trainer = try trainer()
    let batch = try trainer.batch(of: try Fixtures.structures(4))
    let losses = try (0..<60).map { _ in
      let step = try trainer.run(batch)
      return step.energyLoss + step.forceLoss!
    }
    #expect(losses.last! < 0.3 * losses[0])
  }

  /// Energies and forces are multiplied alike: networks whose outputs are too have the same errors.
  @Test func rescalingChangesTheUnitOnly() throws {
    let rescale = 0.25
    var rescaled = Fixtures.model()
    rescaled.energyRescale = rescale
    for index in rescaled.networks.indices {
      let layer = rescaled.networks[index].layers[2]
      func scaled(_ tensor: Tensor) -> Tensor {
        Tensor(
          shape: tensor.shape, scalars: tensor.scalars(as: Float.self).map { $0 * Float(rescale) })
      }
      rescaled.networks[index].layers[2].weights = scaled(layer.weights)
      rescaled.networks[index].layers[2].biases = scaled(layer.biases)
    }
    var objective = TrainingObjective()
    objective.forcesCost = 1
    let structures = try Fixtures.structures(5)
    let schedule = TrainingSchedule(batchSize: 5, maxSteps: 1, learningRate: 0.01)
    let trainers = try [Fixtures.model(), rescaled].map {
      try Trainer($0, objective: objective, schedule: schedule, elementType: .float64)
    }
    func near(_ a: Double, _ b: Double) -> Bool { abs(a - b) < 1e-5 * abs(b) }
    let validations = try trainers.map { try $0.validate(structures) }
    #expect(near(validations[1].energyRMSE, validations[0].energyRMSE))
    #expect(near(validations[1].forceRMSE!, validations[0].forceRMSE!))
    let steps = try trainers.map { try $0.run(try $0.batch(of: structures)) }
    #expect(near(steps[1].energyRMSEPerAtom, rescale * steps[0].energyRMSEPerAtom))
    #expect(near(steps[1].forceRMSE!, rescale * steps[0].forceRMSE!))
    #expect(near(steps[1].forceLoss!, rescale * rescale * steps[0].forceLoss!))
    #expect(near(steps[1].energyErrors[2], rescale * steps[0].energyErrors[2]))
    // What the trainer says is what an evaluation says.
    let evaluated = try Evaluator(rescaled, computesForces: true).evaluate(structures)
    var summary = EvaluationSummary()
    for result in evaluated { summary.add(result) }
    #expect(near(validations[1].forceRMSE!, summary.forceRMSE!))
    #expect(near(validations[1].energyRMSEPerAtom, summary.energyRMSE))
  }

  @Test func frozenLayersStayAsTheyAre() throws {
    var model = Fixtures.model()
    model.networks[0].layers[1].isTrainable = false
    let trainer = try Trainer(
      model, objective: TrainingObjective(),
      schedule: TrainingSchedule(batchSize: 2, maxSteps: 3, learningRate: 0.1))
    let batch = try trainer.batch(of: try Fixtures.structures(2))
    for _ in 0..<3 { _ = try trainer.run(batch) }
    let trained = try trainer.model()
    #expect(trained.networks[0].layers[1] == model.networks[0].layers[1])
    #expect(trained.networks[0].layers[0] != model.networks[0].layers[0])
    #expect(trained.networks[1].layers[1] != model.networks[1].layers[1])
  }

  @Test func numbersThatAreNotFiniteStopTheTraining() throws {
    let trainer = try trainer()
    var structures = try Fixtures.structures(2)
    structures[1].energy = .nan
    let error = #expect(throws: NonFiniteError.self) {
      try trainer.run(try trainer.batch(of: structures))
    }
    #expect(
      error?.description
        == "step 1: the energy error of cluster1 is nan for the batch cluster0,"
        + " cluster1")
  }

  @Test func structuresThatDoNotFitAreNamed() throws {
    let trainer = try trainer()
    var structures = try Fixtures.structures(2)
    structures[1].derivatives = nil
    let error = #expect(throws: DataError.self) { try trainer.batch(of: structures) }
    #expect(
      error?.description
        == "structure cluster1: has no derivatives, which forces need")
    structures = try Fixtures.structures(2)
    structures[0].species[0] = 2
    #expect(throws: DataError.self) { try trainer.batch(of: structures) }
  }
}
