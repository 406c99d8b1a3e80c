import AtomicNetworks
import Atomistics
import Dataflow
import Foundation
import TestSupport
import Testing

@testable import ProgramSupport
@testable import panna

/// What a training can do beside following its steps.
@Suite(.timeLimit(.minutes(20))) struct TrainOptionsTests {
  private func workspace() throws -> TrainingWorkspace {
    let workspace = try TrainingWorkspace()
    #expect(workspace.run("tfr_packer") == 0)
    return workspace
  }

  private func sets(_ changes: String...) -> [String] { changes.flatMap { ["--set", $0] } }

  @Test func theBestNetworksAreKept() throws {
    let workspace = try workspace()
    let changes = sets(
      "VALIDATION.data_dir=\(workspace.path)/data", "VALIDATION.frequency=2",
      "VALIDATION.criterion=forces")
    #expect(workspace.run("train", changes) == 0)
    let rows = try workspace.text("train/validation.dat").split(separator: "\n").map {
      $0.split(separator: " ").map { Double($0)! }
    }
    #expect(rows.map { $0[0] } == stride(from: 2.0, through: 20, by: 2).map { $0 })
    #expect(rows.allSatisfy { $0.count == 5 })
    // The best networks have the smallest error, and the last row is that of the saved ones.
    let structures = try TrainingWorkspace.clusters(12)
    func row(_ folder: String) throws -> [Double] {
      let model = try NetworkModel(
        folder: URL(fileURLWithPath: "\(workspace.path)/train/\(folder)"))
      let results = try Evaluator(model, computesForces: true).evaluate(structures)
      var summary = EvaluationSummary()
      for result in results { summary.add(result) }
      let squares = results.map {
        ($0.energy - $0.referenceEnergy) * ($0.energy - $0.referenceEnergy)
      }
      let energyRMSE = (squares.reduce(0, +) / Double(squares.count)).squareRoot()
      return [energyRMSE, summary.energyRMSE, summary.energyMAE, summary.forceRMSE!]
    }
    #expect(abs(try row("best_networks")[3] - rows.map { $0[4] }.min()!) < 1e-5)
    for (own, logged) in zip(try row("saved_networks"), rows.last!.dropFirst()) {
      #expect(abs(own - logged) < 5e-5 * max(1, own))
    }
  }

  /// The gain is what a training waits for; what is better by less is better all the same.
  @Test func theBestNetworksAreKeptWhateverTheGain() throws {
    let workspace = try workspace()
    let changes = sets(
      "VALIDATION.data_dir=\(workspace.path)/data", "VALIDATION.frequency=2",
      "VALIDATION.min_gain=1000", "TRAINING_PARAMETERS.forces_cost=0")
    #expect(workspace.run("train", changes) == 0)
    let errors = try workspace.text("train/validation.dat").split(separator: "\n").map {
      Double($0.split(separator: " ")[2])!
    }
    #expect(errors.min()! < errors[0])
    let model = try NetworkModel(folder: workspace.folder.file("train/best_networks"))
    var summary = EvaluationSummary()
    let structures = try TrainingWorkspace.clusters(12)
    for result in try Evaluator(model, computesForces: false).evaluate(structures) {
      summary.add(result)
    }
    #expect(abs(summary.energyRMSE - errors.min()!) < 1e-5)
  }

  /// No step is better by a whole eV: the training waits and ends, and stays at its end.
  @Test func trainingsThatGetNoBetterEnd() throws {
    let workspace = try workspace()
    let changes = sets(
      "VALIDATION.data_dir=\(workspace.path)/data", "VALIDATION.frequency=2",
      "VALIDATION.patience=3", "VALIDATION.min_gain=1000", "VALIDATION.keep_best=False")
    for _ in 0..<2 {
      #expect(workspace.run("train", changes) == 0)
      let rows = try workspace.text("train/validation.dat").split(separator: "\n")
      #expect(rows.count == 4 && rows[3].hasPrefix("8.0"))
      #expect(CheckpointFolder(URL(fileURLWithPath: workspace.path + "/train")).steps == [3, 6, 8])
    }
    #expect(!FileManager.default.fileExists(atPath: workspace.path + "/train/best_networks"))
  }

  @Test func aResumedTrainingRemembersItsBest() throws {
    let whole = try workspace()
    let parts = try workspace()
    for (workspace, steps) in [(whole, [20]), (parts, [6, 14, 20])] {
      for count in steps {
        let changes = sets(
          "VALIDATION.data_dir=\(workspace.path)/data", "VALIDATION.frequency=2",
          "TRAINING_PARAMETERS.max_steps=\(count)", "VALIDATION.min_gain=0.01")
        #expect(workspace.run("train", changes) == 0)
      }
    }
    #expect(try whole.text("train/validation.dat") == parts.text("train/validation.dat"))
    let models = try [whole, parts].map {
      try NetworkModel(folder: URL(fileURLWithPath: $0.path + "/train/best_networks"))
    }
    #expect(models[0] == models[1])
  }

  /// However rarely others are; the networks that a training ends with may be its best.
  @Test func theLastStepIsValidated() throws {
    let workspace = try workspace()
    let changes = sets(
      "VALIDATION.data_dir=\(workspace.path)/data", "VALIDATION.frequency=100",
      "TRAINING_PARAMETERS.max_steps=4")
    for _ in 0..<2 {
      #expect(workspace.run("train", changes) == 0)
      let rows = try workspace.text("train/validation.dat").split(separator: "\n")
      #expect(rows.count == 1 && rows[0].hasPrefix("4.0"))
    }
    #expect(
      try NetworkModel(folder: workspace.folder.file("train/best_networks"))
        == NetworkModel(folder: workspace.folder.file("train/saved_networks")))
  }

  /// A training that goes on from its end has one line more of it, and ends as one that did not end there.
  @Test func theLastStepIsNoReasonToEnd() throws {
    let (whole, parts) = (try workspace(), try workspace())
    for (workspace, steps) in [(whole, [20]), (parts, [2, 10, 20])] {
      for count in steps {
        let changes = sets(
          "VALIDATION.data_dir=\(workspace.path)/data", "VALIDATION.frequency=4",
          "VALIDATION.patience=3", "VALIDATION.min_gain=1000",
          "TRAINING_PARAMETERS.max_steps=\(count)")
        #expect(workspace.run("train", changes) == 0)
      }
    }
    let rows = try [whole, parts].map {
      try $0.text("train/validation.dat").split(separator: "\n")
    }
    #expect(rows[0].count == 4 && rows[0][3].hasPrefix("16.0"))
    #expect(rows[1].count == 6 && rows[1][0].hasPrefix("2.0") && rows[1][3].hasPrefix("10.0"))
    #expect(rows[0] == [1, 2, 4, 5].map { rows[1][$0] })
    let models = try [whole, parts].map {
      try NetworkModel(folder: $0.folder.file("train/saved_networks"))
    }
    #expect(models[0] == models[1])
  }

  @Test func committeesAreTrainedAndAveraged() throws {
    let workspace = try workspace()
    #expect(workspace.run("train", ["--instances", "3"]) == 0)
    #expect(workspace.run("evaluate") == 0)
    let folder = URL(fileURLWithPath: workspace.path + "/train")
    let members = Committee.instances(in: folder)
    #expect(members.map(\.lastPathComponent) == ["instance_0", "instance_1", "instance_2"])
    let structures = try TrainingWorkspace.clusters(12)
    let results = try members.map { member in
      let model = try NetworkModel(folder: member.appendingPathComponent("saved_networks"))
      return try Evaluator(model, computesForces: true).evaluate(structures)
    }
    #expect(results[0][0].energy != results[1][0].energy)
    func rows(_ name: String) throws -> [[Substring]] {
      try workspace.text("evaluation/\(name)").split(separator: "\n").dropFirst().map {
        $0.split(separator: " ")
      }
    }
    let (energies, spreads) = (try rows("20.dat"), try rows("20_spread.dat"))
    #expect(energies.count == 12 && spreads.count == 12)
    for (index, structure) in structures.enumerated() {
      let all = results.map { $0[index].energy }
      let mean = all.reduce(0, +) / 3
      let spread = (all.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 3).squareRoot()
      let row = try #require(energies.first { $0[0] == structure.name })
      let spreadRow = try #require(spreads.first { $0[0] == structure.name })
      #expect(abs(Double(row[3])! - mean) < 1e-12)
      #expect(abs(Double(spreadRow[2])! - spread) < 1e-12 && Double(spreadRow[3])! > 0)
    }
    // One instance is what a training with its seed is.
    let alone = try self.workspace()
    #expect(alone.run("train", sets("TRAINING_PARAMETERS.seed=1")) == 0)
    #expect(
      try NetworkModel(folder: members[1].appendingPathComponent("saved_networks"))
        == NetworkModel(folder: URL(fileURLWithPath: alone.path + "/train/saved_networks")))
  }

  /// A structure that the networks cannot cope with is named, in validation too.
  @Test func validationsThatAreNoNumbersNameTheStructure() throws {
    let workspace = try workspace()
    var structure = try TrainingWorkspace.clusters(1)[0]
    structure.name = "absurd"
    structure.energy = .greatestFiniteMagnitude
    let file = URL(fileURLWithPath: workspace.path + "/wild/absurd.bin")
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try DescriptorFile.write(structure, to: file, derivatives: .dense)
    try workspace.write(
      """
      [IO_INFORMATION]
      input_dir = \(workspace.path)/wild
      output_dir = \(workspace.path)/wild
      [CONTENT_INFORMATION]
      include_derivatives = True
      """, "tfr.ini")
    #expect(workspace.run("tfr_packer") == 0)
    let said = try workspace.said(
      "train",
      sets(
        "VALIDATION.data_dir=\(workspace.path)/wild", "VALIDATION.frequency=2",
        "DATA_INFORMATION.energy_rescale=100"))
    #expect(
      said.contains("step 2: the validation's energy error of absurd is -inf for the batch absurd"),
      "\(said)")
  }

  /// What the original says more with --debug, and its options for several machines.
  @Test func optionsOfTheOriginal() throws {
    let workspace = try workspace()
    #expect(
      try workspace.said("train", ["--list_of_nodes", "a,b"])
        == "panna: train: --list_of_nodes: a training runs on one machine, on as many threads as"
        + " [PARALLELIZATION] says. See panna train --help\n")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: TrainTests.executable)
    process.arguments =
      ["train", "-c", "\(workspace.path)/train.ini", "--debug", "--communication_port", "22222"]
      + sets("TRAINING_PARAMETERS.max_steps=2")
    let (output, errors) = (Pipe(), Pipe())
    (process.standardOutput, process.standardError) = (output, errors)
    try process.run()
    let said = String(
      decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let warned = String(
      decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    #expect(said.contains("- `learning_rate` = `0.01`\n"))
    #expect(said.contains("/device:CPU:0") || said.contains("CPU:0"))
    let steps = said.split(separator: "\n").filter { $0.hasPrefix("train: step ") }
    #expect(steps.count == 2 && steps[0].hasPrefix("train: step 1: cluster"))
    #expect(steps[0].split(separator: ",").count == 4)
    #expect(warned.contains("train: --communication_port has no effect: no network is used\n"))
  }

  @Test func wrongSectionsAreNamed() throws {
    let workspace = try workspace()
    func message(_ changes: String...) -> String {
      do {
        let file = try IniFile(path: workspace.path + "/train.ini", overrides: changes)
        _ = try TrainConfiguration(file)
        return ""
      } catch { return "\(error)".replacing(workspace.path, with: "") }
    }
    #expect(
      message("VALIDATION.frequency=2")
        == "/train.ini: [VALIDATION] data_dir is missing: expected a path")
    #expect(
      message(
        "VALIDATION.data_dir=x", "VALIDATION.criterion=forces", "TRAINING_PARAMETERS.forces_cost=0")
        == "/train.ini with --set: [VALIDATION] criterion = forces: expected energy, since forces_cost"
        + " is 0")
    #expect(
      message("VALIDATION.data_dir=x", "VALIDATION.patiense=2").contains("did you mean patience?"))
    #expect(
      message("VALIDATION.data_dir=x", "VALIDATION_OPTIONS.frequency=2")
        == "/train.ini: [VALIDATION] and [VALIDATION_OPTIONS]: expected one of them")
    #expect(message("VALIDATON.data_dir=x").contains("did you mean [VALIDATION]?"))
    #expect(workspace.run("train", ["--instances", "0"]) == 2)
  }

  /// What a resumed training is told that its networks have not learned.
  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: TrainTests.executable)))
  func changesOnTheWayAreSaid() throws {
    let workspace = try workspace()
    #expect(workspace.run("train", sets("TRAINING_PARAMETERS.max_steps=3")) == 0)
    let said = try workspace.said(
      "train",
      sets(
        "TRAINING_PARAMETERS.max_steps=4", "DATA_INFORMATION.output_offset=-2.5, -3",
        "DATA_INFORMATION.energy_rescale=0.5"))
    let file = "\(workspace.path)/train/checkpoint-3.panna"
    #expect(said.contains("train: \(file) has output_offset = -3.5 for O, now it is -3.0\n"))
    #expect(said.contains("train: \(file) has energy_rescale = 1.0, now it is 0.5\n"))
    #expect(!said.contains("for H"))
  }

  /// Errors are in eV whatever energies are multiplied with; a resumed training goes on with the file.
  @Test func metricsAreLogged() throws {
    let (whole, parts) = (try workspace(), try workspace())
    let changes = sets(
      "IO_INFORMATION.metrics=MAE, RMSE, loss", "DATA_INFORMATION.energy_rescale=0.5",
      "IO_INFORMATION.log_frequency=2")
    #expect(whole.run("train", changes) == 0)
    for steps in ["9", "20"] {
      #expect(
        parts.run("train", changes + sets("TRAINING_PARAMETERS.max_steps=\(steps)")) == 0)
    }
    let text = try whole.text("train/metrics.dat")
    #expect(try parts.text("train/metrics.dat") == text)
    let lines = text.split(separator: "\n")
    #expect(lines[0] == "#step MAE/at F_MAE RMSE/at F_RMSE e_loss f_loss" && lines.count == 11)
    let row = lines[10].split(separator: " ").map { Double($0)! }
    let errors = try whole.text("train/delta_e.dat").split(separator: "\n")[9]
      .split(separator: " ").map { Double($0)! }
    #expect(row[0] == 20 && abs(row[5] - errors.reduce(0) { $0 + $1 * $1 }) < 1e-5 * row[5])
    #expect(row[1] > 0 && row[1] <= row[3] && row[2] > 0 && row[2] <= row[4])
    // The force loss is the sum of squares of rescaled errors, of 36 to 60 components.
    let sum = row[6] / 0.25
    #expect(row[4] >= 0.999 * (sum / 60).squareRoot() && row[4] <= 1.001 * (sum / 36).squareRoot())
    let energies = try workspace()
    #expect(
      energies.run(
        "train", sets("IO_INFORMATION.metrics=RMSE", "TRAINING_PARAMETERS.forces_cost=0")) == 0)
    #expect(try energies.text("train/metrics.dat").hasPrefix("#step RMSE/at\n1 "))
    let file = try IniFile(
      path: whole.path + "/train.ini", overrides: ["IO_INFORMATION.metrics=MAE,MSE"])
    let error = #expect(throws: UsageError.self) { _ = try TrainConfiguration(file) }
    #expect(
      error?.message.hasSuffix("metrics = MAE,MSE: expected some of MAE, RMSE, loss, none twice")
        == true)
  }

  /// Numbers that overflow end a training; what was good before stays.
  @Test func overflowsLeaveTheLastGoodCheckpoint() throws {
    let workspace = try TrainingWorkspace()
    #expect(workspace.run("tfr_packer") == 0)
    let sets = ["TRAINING_PARAMETERS.learning_rate=1e30", "IO_INFORMATION.save_checkpoint_steps=1"]
    #expect(workspace.run("train", sets.flatMap { ["--set", $0] }) == 1)
    let names = try FileManager.default.contentsOfDirectory(atPath: workspace.path + "/train")
    #expect(names.filter { $0.hasSuffix(".panna") } == ["checkpoint-1.panna"])
    #expect(!names.contains("saved_networks"))
  }

  @Test func checkpointsForTensorFlowAreEvaluatedToo() throws {
    let workspace = try TrainingWorkspace()
    #expect(workspace.run("tfr_packer") == 0)
    #expect(
      workspace.run(
        "train",
        [
          "--set", "IO_INFORMATION.write_tf_checkpoints=True", "--set",
          "IO_INFORMATION.max_ckpt_to_keep=1",
        ]) == 0)
    #expect(workspace.run("evaluate") == 0)
    let expected = try workspace.text("evaluation/20.dat")
    try FileManager.default.removeItem(atPath: workspace.path + "/train/checkpoint-20.panna")
    try FileManager.default.removeItem(atPath: workspace.path + "/evaluation")
    #expect(workspace.run("evaluate") == 0)
    #expect(try workspace.text("evaluation/20.dat") == expected)
    // And it is gone on from.
    #expect(workspace.run("train", ["--set", "TRAINING_PARAMETERS.max_steps=22"]) == 0)
    #expect(try workspace.text("train/delta_e.dat").split(separator: "\n").count == 22)
  }

  @Test func layersBeginAsTheirBehaviourSays() throws {
    let workspace = try TrainingWorkspace()
    #expect(workspace.run("tfr_packer") == 0)
    #expect(workspace.run("train") == 0)
    let saved = workspace.path + "/train/saved_networks"
    func networks(_ changes: [String]) throws -> [SpeciesNetwork] {
      let file = try IniFile(
        path: workspace.path + "/train.ini",
        overrides: ["DEFAULT_NETWORK.networks_metadata=\(saved)"] + changes)
      return try NetworkConfiguration(file, seed: 0).model.networks
    }
    let all = try NetworkModel(folder: URL(fileURLWithPath: saved)).networks
    #expect(try networks([])[0] == all[0])
    let mixed = try networks([
      "H.behavior=keep:NEW:load", "H.layer2_w_file=\(saved)/species_O_layer_1_weights_3x1.npy",
      "H.architecture=6:3:1", "H.layer2_b_file=\(saved)/species_O_layer_1_biases_1.npy",
    ])[0]
    #expect(mixed.layers[0].weights == all[0].layers[0].weights)
    #expect(mixed.layers[1].weights.shape == [6, 3])
    #expect(mixed.layers[2].weights == all[1].layers[1].weights)
    #expect(mixed.layers[2].biases == all[1].layers[1].biases)
    #expect(try networks(["H.behavior=new:keep:keep"])[0].layers[0] != all[0].layers[0])
    // What the section does not say of a new network is the saved one's.
    let bare = try IniFile(
      text: """
        [DEFAULT_NETWORK]
        networks_metadata = \(saved)
        [H]
        architecture = 7:1
        """, path: "bare.ini")
    let rebuilt = try NetworkConfiguration(bare, seed: 0).model.networks
    #expect(rebuilt[0].layers.map(\.weights.shape) == [[18, 7], [7, 1]])
    #expect(rebuilt.map(\.offset) == all.map(\.offset) && rebuilt[1] == all[1])
    let unused = try TrainConfiguration(
      IniFile(
        path: workspace.path + "/train.ini",
        overrides: [
          "DEFAULT_NETWORK.networks_metadata=\(saved)", "H.behavior=keep:load:keep",
          "H.layer1_w_file=\(saved)/species_H_layer_1_weights_6x4.npy",
          "H.layer1_b_file=\(saved)/species_H_layer_1_biases_4.npy", "H.layer0_w_file=x.npy",
          "O.layer1_b_file=y.npy",
        ])
    ).ignored
    #expect(unused == ["[H] layer0_w_file", "[O] layer1_b_file"])
    func message(_ changes: String...) -> String {
      do {
        _ = try networks(changes)
        return ""
      } catch { return "\(error)".replacing(workspace.path, with: "") }
    }
    #expect(
      message("H.behavior=keep:keep")
        == "/train.ini with --set: [H] behavior = keep:keep: expected 3 of keep, new and load,"
        + " separated by \":\"")
    #expect(
      message("H.behavior=keep:keep:keep", "H.architecture=6:3:1")
        == "/train.ini with --set: [H] behavior = keep:keep:keep: expected keep only where the saved"
        + " networks have a layer 1 of 6 x 3")
    #expect(
      message("H.behavior=keep:keep:load")
        == "/train.ini: [H] layer2_w_file is missing: expected a path")
  }

  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: TrainTests.executable)))
  func otherActivationsOfKeptLayersAreSaid() throws {
    let workspace = try workspace()
    #expect(workspace.run("train", sets("TRAINING_PARAMETERS.max_steps=1")) == 0)
    func said(_ activations: String) throws -> String {
      let folder = "\(workspace.path)/\(activations.prefix(4))"
      return try workspace.said(
        "train",
        sets(
          "TRAINING_PARAMETERS.max_steps=1", "IO_INFORMATION.train_dir=\(folder)",
          "IO_INFORMATION.log_dir=\(folder)", "H.architecture=6:3:1", "H.behavior=keep:new:new",
          "DEFAULT_NETWORK.networks_metadata=\(workspace.path)/train/saved_networks",
          "H.activations=\(activations)"))
    }
    let warning =
      "train: H keeps layer 0, which was trained with activation = gaussian, now it is tanh\n"
    #expect(try said("tanh:tanh:linear").contains(warning))
    #expect(try !said("gaussian:tanh:linear").contains("activation"))
  }

  @Test func initializationsHaveTheirLimits() throws {
    let workspace = try TrainingWorkspace()
    for (name, limit) in [("original", 1.0 / 6), ("glorot", 0.5), ("he", (1.0 / 3).squareRoot())] {
      let file = try IniFile(
        path: workspace.path + "/train.ini", overrides: ["DEFAULT_NETWORK.initialization=\(name)"])
      let weights = try NetworkConfiguration(file, seed: 1).model.networks[0].layers[0].weights
      let largest = weights.scalars(as: Float.self).map { abs(Double($0)) }.max()!
      #expect(largest <= limit && largest > 0.9 * limit, "\(name)")
    }
  }

  @Test func networksAndLossesMayBeTexts() throws {
    let workspace = try workspace()
    let graphs = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Graphs").path
    let changes = sets(
      "H.graph=\(graphs)/network.graph",
      "TRAINING_PARAMETERS.loss_function=\(graphs)/log_cosh.graph")
    #expect(workspace.run("train", changes) == 0)
    #expect(workspace.run("evaluate") == 0)
    let model = try NetworkModel(
      folder: URL(fileURLWithPath: workspace.path + "/train/saved_networks"))
    #expect(model.networks[0].graph?.source.file == "network.graph")
    #expect(model.networks[1].graph == nil)
    func message(_ changes: String...) -> String {
      do {
        let file = try IniFile(path: workspace.path + "/train.ini", overrides: changes)
        _ = try TrainConfiguration(file)
        return ""
      } catch { return "\(error)".replacing(workspace.path, with: "") }
    }
    #expect(
      message("O.graph=x.graph")
        == "/train.ini:18: [O] architecture = 3:1: expected no such key beside graph, which says all"
        + " of that")
    #expect(message("H.graph=/nowhere/x.graph") == "/nowhere/x.graph: cannot be read as a text")
    #expect(
      message("TRAINING_PARAMETERS.loss_function=/nowhere/x.graph")
        == "/nowhere/x.graph: cannot be read as a text")
  }

  /// Descriptors made for the training, from single files or packed: the same networks.
  @Test func allFormatsTrainAlike() throws {
    let workspace = try workspace()
    #expect(workspace.run("train") == 0)
    let structures = try TrainingWorkspace.structures(12)
    for structure in structures {
      let file = workspace.folder.url.appendingPathComponent("examples/\(structure.name).example")
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try ExampleFile.write(structure, to: file)
    }
    try workspace.write(TrainingWorkspace.descriptorSections, "gvect.ini")
    func errors(_ changes: String...) throws -> [[Double]] {
      let folder = "\(workspace.path)/other"
      try? FileManager.default.removeItem(atPath: folder)
      let sets = changes.flatMap { ["--set", $0] }
      let other = ["--set", "IO_INFORMATION.train_dir=\(folder)", "--set"]
      #expect(workspace.run("train", sets + other + ["IO_INFORMATION.log_dir=\(folder)"]) == 0)
      // Files are read in the order of their names, so the order of the examples is another.
      return try workspace.text("other/delta_e.dat").split(separator: "\n").map {
        $0.split(separator: " ").map { Double($0)! }
      }
    }
    let single = try errors(
      "IO_INFORMATION.input_format=single_files", "IO_INFORMATION.data_dir=\(workspace.path)/bin")
    let made = try errors(
      "IO_INFORMATION.input_format=example",
      "IO_INFORMATION.data_dir=\(workspace.path)/examples",
      "IO_INFORMATION.gvect_ini=\(workspace.path)/gvect.ini")
    #expect(single.count == 20 && made == single)
    // What was computed is kept, under a name that says what of, and used where it is there.
    let examples = [
      "IO_INFORMATION.input_format=example", "IO_INFORMATION.data_dir=\(workspace.path)/examples",
      "IO_INFORMATION.descriptor_cache=\(workspace.path)/cache",
      "IO_INFORMATION.gvect_ini=\(workspace.path)/gvect.ini",
    ]
    func kept(_ more: String...) throws -> [[Double]] {
      let all = examples + more
      return try errors(all[0], all[1], all[2], all[3], all.last!)
    }
    let cache = URL(fileURLWithPath: workspace.path + "/cache")
    #expect(try kept() == single)
    let names = try FileManager.default.contentsOfDirectory(atPath: cache.path).sorted()
    #expect(names.count == 12)
    #expect(try kept() == single)
    #expect(try FileManager.default.contentsOfDirectory(atPath: cache.path).sorted() == names)
    let (first, second) = (
      cache.appendingPathComponent(names[0]), cache.appendingPathComponent(names[1])
    )
    let content = try Data(contentsOf: first)
    try Data(contentsOf: second).write(to: first)
    #expect(try kept() != single)
    // Damage is noticed, and mended.
    try content.dropLast(3).write(to: first)
    #expect(try kept() == single)
    #expect(try Data(contentsOf: first) == content)
    try Data().write(to: first)
    #expect(try kept() == single)
    #expect(try Data(contentsOf: first) == content)
    // Energies alone are another thing.
    #expect(try kept("TRAINING_PARAMETERS.forces_cost=0") != single)
    #expect(try FileManager.default.contentsOfDirectory(atPath: cache.path).count == 24)
    // The networks know how their descriptors are made.
    let model = try NetworkModel(
      folder: URL(fileURLWithPath: workspace.path + "/other/saved_networks"))
    #expect(model.descriptors != nil)
    #expect(workspace.run("train", ["--set", "IO_INFORMATION.input_format=example"]) == 2)
  }

  @Test func parametersAreSummarizedUnderTheOriginalsTags() throws {
    let workspace = try TrainingWorkspace()
    let file = try IniFile(path: workspace.path + "/train.ini")
    let networks = try NetworkConfiguration(file, seed: 0).model.networks
    let summary = try ParameterHistograms(networks).summary(of: networks)
    let text = String(decoding: summary.scalars(as: UInt8.self), as: UTF8.self)
    for tag in ["SH.0/W0", "SH.0/b2", "SO.1/W1", "SO.1/b1"] { #expect(text.contains(tag)) }
    #expect(!text.contains("SO.1/W2"))
  }
}
