import AtomicNetworks
import Atomistics
import Dataflow
import Foundation
import TestSupport
import Testing

@testable import ProgramSupport
@testable import panna

/// `train`, `evaluate` and `tfr_packer` on small data of the tests' own making.
@Suite(.timeLimit(.minutes(5))) struct TrainTests {
  /// A folder with packed clusters and a configuration.
  private struct Workspace {
    let folder: TemporaryFolder
    var path: String { folder.url.path }

    init(structures: Int = 12) throws {
      folder = try TemporaryFolder()
      let bins = folder.url.appendingPathComponent("bin")
      try FileManager.default.createDirectory(at: bins, withIntermediateDirectories: true)
      for structure in try Workspace.clusters(structures) {
        try DescriptorFile.write(
          structure, to: bins.appendingPathComponent("\(structure.name).bin"), derivatives: .dense)
      }
      try write(
        """
        [IO_INFORMATION]
        input_dir = \(path)/bin
        output_dir = \(path)/data
        elements_per_file = 5
        prefix = set
        [CONTENT_INFORMATION]
        include_derivatives = True
        """, "tfr.ini")
      try write(
        """
        [IO_INFORMATION]
        data_dir = \(path)/data
        train_dir = \(path)/train
        log_dir = \(path)/train
        save_checkpoint_steps = 3
        [DATA_INFORMATION]
        atomic_sequence = H, O
        output_offset = -2.5, -3.5
        [TRAINING_PARAMETERS]
        batch_size = 4
        max_steps = 20
        learning_rate = 0.01
        forces_cost = 0.5
        [DEFAULT_NETWORK]
        g_size = 18
        architecture = 6:4:1
        [O]
        architecture = 3:1
        activations = tanh:linear
        [PARALLELIZATION]
        intra_op_parallelism_threads = 1
        """, "train.ini")
      try write(
        """
        [IO_INFORMATION]
        data_dir = \(path)/data
        train_dir = \(path)/train
        eval_dir = \(path)/evaluation
        [VALIDATION_OPTIONS]
        compute_forces = True
        single_step = True
        """, "evaluate.ini")
    }

    func write(_ text: String, _ name: String) throws {
      _ = try folder.write(text + "\n", to: name)
    }

    func run(_ program: String, _ more: [String] = []) -> Int32 {
      CommandLineTool.run([program, "--config", "\(path)/\(Self.files[program]!)"] + more)
    }

    private static let files = [
      "tfr_packer": "tfr.ini", "train": "train.ini", "evaluate": "evaluate.ini",
    ]

    func text(_ name: String) throws -> String {
      try String(contentsOf: folder.url.appendingPathComponent(name), encoding: .utf8)
    }

    static func clusters(_ count: Int) throws -> [DescribedStructure] {
      let calculator = try AtomicDescriptors(
        DescriptorParameters(
          species: ["H", "O"], radialEta: 4, radialCutoff: 3.5, radialStart: 0.5, radialCount: 3,
          angularEta: 2, angularCutoff: 3, angularStart: 0.5, angularCount: 2, zeta: 4,
          angleCount: 2))
      var generator = PhiloxGenerator(seed: 9)
      return try (0..<count).map { index in
        let atoms = 3 + index % 3
        func random() -> SIMD3<Double> {
          SIMD3(generator.uniform(), generator.uniform(), generator.uniform())
        }
        return try calculator.describe(
          Structure(
            name: "cluster\(index)", species: (0..<atoms).map { $0 == 1 ? "O" : "H" },
            positions: (0..<atoms).map { SIMD3(Double($0), 0, 0) + random() },
            energy: -3 * Double(atoms) + generator.uniform(),
            forces: (0..<atoms).map { _ in random() - 0.5 }), includeDerivatives: true)
      }
    }
  }

  @Test func fromDescriptorsToAnEvaluation() throws {
    let workspace = try Workspace()
    #expect(workspace.run("tfr_packer") == 0)
    let packed = try FileManager.default.contentsOfDirectory(atPath: workspace.path + "/data")
    #expect(packed.sorted() == ["set-1-3.tfrecord", "set-2-3.tfrecord", "set-3-3.tfrecord"])
    #expect(workspace.run("train") == 0)
    #expect(workspace.run("evaluate") == 0)

    let errors = try workspace.text("train/delta_e.dat").split(separator: "\n")
    #expect(errors.count == 20)
    #expect(errors[0].split(separator: " ").count == 4)
    let events = try FileManager.default.contentsOfDirectory(atPath: workspace.path + "/train")
      .filter { $0.hasPrefix("events") }
    let scalars = try EventReader.scalars(
      in: workspace.folder.url.appendingPathComponent("train/\(events[0])"))
    #expect(scalars.filter { $0.tag == "5.Errors/3.Force_RMSE" }.map(\.step) == Array(1...20))
    #expect(scalars.contains { $0.tag == "learning_rate" && $0.value == Double(Float(0.01)) })

    let energies = try workspace.text("evaluation/20.dat").split(separator: "\n")
    #expect(energies[0] == "#filename n_atoms e_ref e_nn")
    #expect(energies.count == 13)
    let forces = try workspace.text("evaluation/20_forces.dat").split(separator: "\n")
    let atoms = try Workspace.clusters(12).reduce(0) { $0 + $1.atomCount }
    #expect(forces.count == 1 + atoms)

    // The saved networks say what the checkpoint says.
    let model = try NetworkModel(
      folder: workspace.folder.url.appendingPathComponent("train/saved_networks"))
    let evaluator = try Evaluator(model, computesForces: false)
    let first = try evaluator.evaluate([Workspace.clusters(12)[0]])[0]
    let line = try #require(energies.first { $0.hasPrefix("cluster0 ") })
    #expect(line == "cluster0 3 \(first.referenceEnergy) \(first.energy)")
  }

  @Test func aResumedTrainingEndsWithTheSameBits() throws {
    let whole = try Workspace()
    #expect(whole.run("tfr_packer") == 0)
    #expect(whole.run("train") == 0)
    let parts = try Workspace()
    #expect(parts.run("tfr_packer") == 0)
    for steps in [5, 6, 13, 20] {
      #expect(parts.run("train", ["--set", "TRAINING_PARAMETERS.max_steps=\(steps)"]) == 0)
    }
    try expectEqual(whole, parts)
  }

  /// Kills the program again and again, wherever it is, until it has come to its end.
  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: Self.executable)))
  func aKilledTrainingEndsWithTheSameBits() throws {
    let steps = ["--set", "TRAINING_PARAMETERS.max_steps=400"]
    let whole = try Workspace()
    #expect(whole.run("tfr_packer") == 0)
    #expect(whole.run("train", steps) == 0)
    let killed = try Workspace()
    #expect(killed.run("tfr_packer") == 0)
    var generator = PhiloxGenerator(seed: 4)
    var kills = 0
    while true {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: Self.executable)
      process.arguments = ["train", "--config", killed.path + "/train.ini"] + steps
      process.standardOutput = FileHandle.nullDevice
      process.standardError = FileHandle.nullDevice
      try process.run()
      // Later and later, so that it gets to the end.
      Thread.sleep(forTimeInterval: (0.02 + 0.03 * Double(kills)) * (0.5 + generator.uniform()))
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      if process.terminationReason == .exit {
        #expect(process.terminationStatus == 0)
        break
      }
      kills += 1
    }
    #expect(kills > 0)
    try expectEqual(whole, killed)
  }

  /// The program itself, beside the tests.
  static let executable = URL(fileURLWithPath: CommandLine.arguments[0])
    .deletingLastPathComponent().appendingPathComponent("panna").path

  private func expectEqual(_ one: Workspace, _ other: Workspace) throws {
    let folder = "train/saved_networks"
    let names = try FileManager.default.contentsOfDirectory(atPath: one.path + "/" + folder)
    #expect(names.count == 11)
    for name in names {
      let contents = [one, other].map {
        FileManager.default.contents(atPath: "\($0.path)/\(folder)/\(name)")
      }
      #expect(contents[0] != nil && contents[0] == contents[1], "\(name)")
    }
    for log in ["train/delta_e.dat", "train/delta_e_std.dat"] {
      #expect(try one.text(log) == other.text(log))
    }
  }

  @Test func wrongInputIsRefused() throws {
    let workspace = try Workspace()
    #expect(workspace.run("train") == 1)
    #expect(workspace.run("tfr_packer") == 0)
    for (wrong, status) in [
      ("TRAINING_PARAMETERS.loss_function=square", 2), ("TRAINING_PARAMETERS.batchsize=3", 2),
      ("DEFAULT_NETWORK.architecture=6:4", 2), ("O.trainable=1", 2), ("X.trainable=1", 2),
      ("DATA_INFORMATION.output_offset=1", 2), ("TRAINING_PARAMETERS.batch_size=100", 1),
      ("DEFAULT_NETWORK.g_size=20", 2),
    ] as [(String, Int32)] {
      // Networks of species O keep their own g_size, which then differs from the default's.
      let more = wrong.hasPrefix("DEFAULT_NETWORK.g_size") ? ["--set", "O.g_size=18"] : []
      let found = workspace.run("train", ["--set", wrong] + more)
      #expect(found == (wrong.hasPrefix("DEFAULT_NETWORK.g_size") ? 1 : status), "\(wrong)")
    }
    #expect(!FileManager.default.fileExists(atPath: workspace.path + "/train/delta_e.dat"))
    #expect(workspace.run("evaluate") == 1)
  }

  @Test func messagesAreExact() throws {
    let workspace = try Workspace()
    func message(_ changes: [String]) -> String {
      do {
        let file = try IniFile(path: workspace.path + "/train.ini", overrides: changes)
        _ = try TrainConfiguration(file)
        return ""
      } catch { return "\(error)".replacingOccurrences(of: workspace.path, with: "") }
    }
    #expect(message([]) == "")
    #expect(
      message(["O.activations=tanh:softmax"])
        == "/train.ini with --set: [O] activations = tanh:softmax: expected names separated by"
        + " \":\", each one of linear, gaussian, rbf, relu, tanh")
    #expect(
      message(["TRAINING_PARAMETERS.learning_rate=-1"])
        == "/train.ini with --set: [TRAINING_PARAMETERS] learning_rate = -1: expected a number"
        + " above 0.0")
    #expect(
      message(["TRAINING_PARAMETERS.learning_rate_constant=False"])
        == "/train.ini:9: [TRAINING_PARAMETERS] learning_rate_decay_factor is missing: expected a"
        + " number above 0.0")
  }

  /// Numbers that overflow end a training; what was good before stays.
  @Test func overflowsLeaveTheLastGoodCheckpoint() throws {
    let workspace = try Workspace()
    #expect(workspace.run("tfr_packer") == 0)
    let sets = ["TRAINING_PARAMETERS.learning_rate=1e30", "IO_INFORMATION.save_checkpoint_steps=1"]
    #expect(workspace.run("train", sets.flatMap { ["--set", $0] }) == 1)
    let names = try FileManager.default.contentsOfDirectory(atPath: workspace.path + "/train")
    #expect(names.filter { $0.hasSuffix(".panna") } == ["checkpoint-1.panna"])
    #expect(!names.contains("saved_networks"))
  }

  @Test func checkpointsForTensorFlowAreEvaluatedToo() throws {
    let workspace = try Workspace()
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
    let workspace = try Workspace()
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

  @Test func initializationsHaveTheirLimits() throws {
    let workspace = try Workspace()
    for (name, limit) in [("original", 1.0 / 6), ("glorot", 0.5), ("he", (1.0 / 3).squareRoot())] {
      let file = try IniFile(
        path: workspace.path + "/train.ini", overrides: ["DEFAULT_NETWORK.initialization=\(name)"])
      let weights = try NetworkConfiguration(file, seed: 1).model.networks[0].layers[0].weights
      let largest = weights.scalars(as: Float.self).map { abs(Double($0)) }.max()!
      #expect(largest <= limit && largest > 0.9 * limit, "\(name)")
    }
  }
}
