import Atomistics
import Dataflow
import Foundation
import TestSupport
import Testing

@testable import AtomicNetworks

/// Forty steps of the original program, followed.
@Suite(.enabled(if: Golden.isPresent, "reference data absent"))
struct GoldenTrainingTests {
  struct Run: CustomTestStringConvertible, Sendable {
    let name: String
    var data = "tfr_dense"
    var rescale = 1.0
    var frozen: [String: [Bool]] = [:]
    /// How far a weight at 0 may be off: forty updates by up to the learning rate, each rounded once.
    var atZero: Float = 40 * 0.002 * 0x1p-24
    var decay: TrainingSchedule.Decay?
    var configure: @Sendable (inout TrainingObjective) -> Void = { _ in }
    var testDescription: String { name }
  }

  static let runs = [
    Run(name: "run_quad"),
    Run(name: "run_quad_forces_sparse", data: "tfr_sparse") { $0.forcesCost = 0.02 },
    Run(
      name: "run_quad_forces_decay", decay: TrainingSchedule.Decay(factor: 0.9, steps: 10)
    ) {
      $0.forcesCost = 0.05
      $0.energyLoss = .quadAtom
      $0.forceLoss = .quadAtom
    },
    Run(name: "run_exp_quad_atom") { $0.energyLoss = .expQuadAtom },
    Run(name: "run_quad_exp_tanh_atom") { $0.energyLoss = .quadExpTanhAtom },
    // L1 pushes weights to 0, where the sign of a step depends on the last digit.
    Run(name: "run_reg_clip", atZero: 1e-6) {
      $0.regularization.weightsL1 = 0.001
      $0.regularization.weightsL2 = 0.02
      $0.regularization.biasesL1 = 0.003
      $0.regularization.biasesL2 = 0.05
      $0.clipValue = 0.3
    },
    Run(
      name: "run_frozen_energyrescale", rescale: 0.5,
      frozen: ["H": [false, true, true], "O": [false, false, false]]),
  ]

  /// A saved network of the original and the error that it begins with.
  @Test func beginsWithTheOriginalsError() throws {
    let folder = Golden.url("panna/tests/train/test_1")
    var model = try NetworkModel(folder: folder.appendingPathComponent("saved_networks"))
    let offsets = takeOffsets(off: &model)
    let structures = try DescribedStructureFile.files(
      in: folder.appendingPathComponent("train_data")
    ).flatMap(DescribedStructureFile.read).map { $0.lessOffsets(offsets) }
    let trainer = try Trainer(
      model, objective: TrainingObjective(),
      schedule: TrainingSchedule(batchSize: 1, maxSteps: 1, learningRate: 1e-3))
    let errors = try trainer.run(trainer.batch(of: structures)).energyErrors
    #expect(errors.contains { abs($0 + 3.91e-5) < 1e-6 }, "\(errors)")
  }

  private func takeOffsets(off model: inout NetworkModel) -> [Double] {
    let offsets = model.networks.map(\.offset)
    for index in model.networks.indices { model.networks[index].offset = 0 }
    return offsets
  }

  @Test(arguments: runs) func followsTheOriginal(_ run: Run) throws {
    let folder = Golden.url("panna/golden")
    var model = try NetworkModel(folder: folder.appendingPathComponent("init_net"))
    model.energyRescale = run.rescale
    for index in model.networks.indices {
      for (layer, flag) in (run.frozen[model.networks[index].symbol] ?? []).enumerated() {
        model.networks[index].layers[layer].isTrainable = flag
      }
    }
    let offsets = takeOffsets(off: &model)
    var objective = TrainingObjective()
    run.configure(&objective)
    let trainer = try Trainer(
      model, objective: objective,
      schedule: TrainingSchedule(
        batchSize: 3, maxSteps: 40, learningRate: 0.002, decay: run.decay))
    let files = try DescribedStructureFile.files(in: folder.appendingPathComponent(run.data))
    let structures = try files.flatMap(DescribedStructureFile.read).map { $0.lessOffsets(offsets) }
    let batch = try trainer.batch(of: structures)

    let results = folder.appendingPathComponent("train/\(run.name)")
    let log = try String(contentsOf: results.appendingPathComponent("delta_e.dat"), encoding: .utf8)
    let lines = log.split(separator: "\n").map { $0.split(separator: " ").map { Double($0)! } }
    #expect(lines.count == 40)
    for line in lines {
      // The original shuffles, so the columns come in any order.
      let errors = try trainer.run(batch).energyErrors.sorted()
      for (found, expected) in zip(errors, line.sorted()) {
        // An error near 0 is the difference of energies of some eV in single precision, of which one
        // unit in the last place is 2^-22: the original's is rounded as this one's is.
        #expect(abs(found - expected) <= 1e-4 * abs(expected) + 2 * 0x1p-22, "step \(trainer.step)")
      }
    }
    let final = try NetworkModel(folder: results.appendingPathComponent("final"))
    for (network, expected) in zip(try trainer.model().networks, final.networks) {
      for (layer, golden) in zip(network.layers, expected.layers) {
        expectClose(layer.weights, golden.weights, run.atZero)
        expectClose(layer.biases, golden.biases, run.atZero)
      }
    }
  }

  private func expectClose(_ found: Tensor, _ expected: Tensor, _ atZero: Float) {
    let pairs = zip(found.scalars(as: Float.self), expected.scalars(as: Float.self))
    let worst = pairs.map { abs($0 - $1) - 1e-4 * abs($1) }.max() ?? 0
    #expect(worst <= atZero)
  }
}

extension DescribedStructure {
  /// The structure with an energy that the offsets are taken off in single precision, in the order of the original's
  /// vectorised sum: the last digits of the errors that it writes depend on it.
  fileprivate func lessOffsets(_ offsets: [Double]) -> DescribedStructure {
    let own = species.map { Float(offsets[Int($0)]) }
    var lanes = SIMD4<Float>(repeating: 0)
    let vectorised = own.count / 4 * 4
    for start in stride(from: 0, to: vectorised, by: 4) { lanes += SIMD4(own[start..<start + 4]) }
    let rest = own[vectorised...].reduce(0, +)
    var structure = self
    structure.energy -= (lanes[0] + lanes[2]) + (lanes[1] + lanes[3]) + rest
    return structure
  }
}
