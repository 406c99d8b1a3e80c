import AtomicNetworks
import Atomistics
import Foundation
import TestSupport
import Testing

@testable import ProgramSupport
@testable import panna

/// The original's tutorial with its own input files; only paths and numbers of steps differ.
@Suite(.enabled(if: Golden.isPresent, "reference data absent"), .timeLimit(.minutes(20)))
struct TutorialTests {
  private let inputs = "panna/tutorial/input_files"
  private let data = "panna/tutorial/tutorial_data"

  private func run(
    _ fixture: ProgramFixture, _ program: any Program.Type, _ name: String, _ sets: String...
  ) throws {
    let arguments =
      ["--config", Golden.url("\(inputs)/\(name).ini").path]
      + sets.flatMap { set in
        ["--set", set.replacing("FOLDER", with: fixture.folder.path)]
      }
    try program.run(program.options.parse(arguments))
  }

  @Test func fromDescriptorsToNetworksThatGoOn() throws {
    let fixture = try ProgramFixture()
    let packed = Golden.url("\(data)/train").path
    try run(
      fixture, GvectCalculator.self, "gvect_ref",
      "IO_INFORMATION.input_json_dir=\(Golden.url("\(data)/simulations").path)",
      "IO_INFORMATION.output_gvect_dir=FOLDER/gvectors", "IO_INFORMATION.log_dir=FOLDER")
    #expect(try fixture.names(in: "gvectors").filter { $0.hasSuffix(".bin") }.count == 10)
    try run(
      fixture, TFRPacker.self, "tfr_sample", "IO_INFORMATION.input_dir=FOLDER/gvectors",
      "IO_INFORMATION.output_dir=FOLDER/tfr")
    #expect(try fixture.names(in: "tfr") == ["gvect_params.json", "train-1-1.tfrecord"])

    try run(
      fixture, Train.self, "train1", "IO_INFORMATION.data_dir=\(packed)",
      "IO_INFORMATION.train_dir=FOLDER/train", "IO_INFORMATION.log_dir=FOLDER",
      "IO_INFORMATION.log_frequency=10", "IO_INFORMATION.save_checkpoint_steps=100",
      "TRAINING_PARAMETERS.max_steps=300")
    let errors = try fixture.text("delta_e_std.dat").split(separator: "\n").map {
      Double($0.split(separator: " ")[1])!
    }
    #expect(errors.count == 30 && errors.last! < 0.2 * errors[0])

    try run(
      fixture, ExtractWeights.self, "extract_weights", "IO_INFORMATION.train_dir=FOLDER/train",
      "IO_INFORMATION.output_dir=FOLDER/saved", "IO_INFORMATION.step_number=300",
      "IO_INFORMATION.gvector_input=\(Golden.url("\(inputs)/gvect_ref.ini").path)")
    let saved = try NetworkModel(folder: fixture.url("saved"))
    #expect(saved.descriptors?.species == ["H", "C", "O", "N"])

    let validation = Golden.url("\(data)/validate")
    try run(
      fixture, Evaluate.self, "validation1", "IO_INFORMATION.data_dir=\(validation.path)",
      "IO_INFORMATION.train_dir=FOLDER/train", "IO_INFORMATION.eval_dir=FOLDER/evaluation")
    let structures = try DescribedStructureFile.files(in: validation)
      .flatMap(DescribedStructureFile.read)
    let rows = try fixture.text("evaluation/300.dat").split(separator: "\n")
    #expect(rows.count == 1 + structures.count && structures.count > 100)
  }

  /// The original's evaluation of its own training: energies and forces.
  @Test func evaluationOfTheOriginal() throws {
    let fixture = try ProgramFixture()
    let folder = Golden.url("panna/golden/train/run_quad")
    let sets = [
      "IO_INFORMATION.networks_format=PANNA",
      "IO_INFORMATION.networks_folder=\(folder.appendingPathComponent("final").path)",
      "IO_INFORMATION.data_dir=\(Golden.url("panna/golden/tfr_dense").path)",
      "IO_INFORMATION.eval_dir=\(fixture.path("eval"))",
    ]
    try Evaluate.run(
      Evaluate.options.parse(
        ["-c", folder.appendingPathComponent("ev.ini").path] + sets.flatMap { ["--set", $0] }))
    func rows(_ text: String, keys: Int) -> [String: [Double]] {
      Dictionary(
        uniqueKeysWithValues: text.split(separator: "\n").dropFirst().map { line in
          let parts = line.split(separator: " ")
          return (
            parts.prefix(keys).joined(separator: " "), parts.dropFirst(keys).map { Double($0)! }
          )
        })
    }
    for (mine, theirs, keys, tolerance) in [
      ("energies.dat", "40.dat", 2, 1e-7), ("forces.dat", "40_forces.dat", 2, 1e-6),
    ] {
      let found = rows(try fixture.text("eval/\(mine)"), keys: keys)
      let expected = rows(
        try String(contentsOf: folder.appendingPathComponent("eval/\(theirs)"), encoding: .utf8),
        keys: keys)
      #expect(Set(found.keys) == Set(expected.keys) && !found.isEmpty)
      for (key, numbers) in expected {
        for (a, b) in zip(found[key] ?? [], numbers) {
          #expect(abs(a - b) <= tolerance * max(1, abs(b)), "\(key)")
        }
      }
    }
  }

  /// Layers that are kept, made anew and taken from another species.
  @Test func networksAreModified() throws {
    let fixture = try ProgramFixture()
    let file = try IniFile(
      path: Golden.url("\(inputs)/train1.ini").path)
    let first = try NetworkConfiguration(file, seed: 3).model
    try first.write(to: fixture.url("saved_weights"))
    let weights = fixture.path("saved_weights")
    let second = try NetworkConfiguration(
      IniFile(
        path: Golden.url("\(inputs)/train2.ini").path,
        overrides: [
          "DEFAULT_NETWORK.networks_metadata=\(weights)",
          "C.layer0_w_file=\(weights)/species_O_layer_0_weights_384x128.npy",
          "C.layer0_b_file=\(weights)/species_O_layer_0_biases_128.npy",
        ]), seed: 4
    ).model.networks
    let (h, c, o, n) = (second[0], second[1], second[2], second[3])
    #expect(h.layers.map(\.outputSize) == [128, 32, 32, 1])
    #expect(h.layers[0].weights == first.networks[0].layers[0].weights)
    #expect(c.layers[0].weights == first.networks[2].layers[0].weights)
    #expect(c.layers[1].weights != first.networks[1].layers[1].weights)
    #expect(o.layers.map(\.weights) == first.networks[2].layers.map(\.weights))
    #expect(o.layers.allSatisfy { !$0.isTrainable } && h.layers.allSatisfy(\.isTrainable))
    #expect(n.layers == first.networks[3].layers)
    #expect(second.map(\.offset) == [-13.62, -1029.41, -2041.84, -1484.87])
  }

  /// Every configuration of the reference data is understood.
  @Test func allConfigurationsAreUnderstood() throws {
    let folder = Golden.url("panna/golden")
    for run in [
      "run_exp_quad_atom", "run_quad", "run_quad_exp_tanh_atom", "run_quad_forces_decay",
      "run_quad_forces_sparse", "run_reg_clip", "run_frozen_energyrescale",
    ] {
      let configuration = try TrainConfiguration(
        IniFile(
          path: folder.appendingPathComponent("train/\(run)/train.ini").path,
          overrides: [
            "DEFAULT_NETWORK.networks_metadata=\(folder.appendingPathComponent("init_net").path)"
          ]))
      #expect(configuration.networks.species == ["H", "C", "N", "O"])
      #expect(configuration.schedule.maxSteps == 40)
    }
    let evaluation = try EvaluateConfiguration(
      IniFile(path: folder.appendingPathComponent("train/run_quad/ev.ini").path))
    #expect(evaluation.computesForces)
    let export = try ExtractWeightsConfiguration(
      IniFile(path: folder.appendingPathComponent("train/run_quad/ex2.ini").path))
    #expect(export.stepNumber == 40 && export.outputType == .lammps)
  }
}
