import AtomicNetworks
import Atomistics
import Dataflow
import Foundation
import TestSupport
import Testing

@testable import ProgramSupport
@testable import panna

/// `train`, `evaluate` and `tfr_packer` on small data of the tests' own making.
@Suite(.timeLimit(.minutes(20))) struct TrainTests {
  @Test func fromDescriptorsToAnEvaluation() throws {
    let workspace = try TrainingWorkspace()
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
    let atoms = try TrainingWorkspace.clusters(12).reduce(0) { $0 + $1.atomCount }
    #expect(forces.count == 1 + atoms)

    // The saved networks say what the checkpoint says.
    let model = try NetworkModel(
      folder: workspace.folder.url.appendingPathComponent("train/saved_networks"))
    let evaluator = try Evaluator(model, computesForces: false)
    let first = try evaluator.evaluate([TrainingWorkspace.clusters(12)[0]])[0]
    let line = try #require(energies.first { $0.hasPrefix("cluster0 ") })
    #expect(line == "cluster0 3 \(first.referenceEnergy) \(first.energy)")
  }

  /// A result is kept as long as its networks and its data are the same.
  @Test func resultsOfOtherNetworksAreNotKept() throws {
    let workspace = try TrainingWorkspace()
    #expect(workspace.run("tfr_packer") == 0 && workspace.run("train") == 0)
    #expect(workspace.run("evaluate") == 0)
    let result = "evaluation/20.dat"
    let first = try workspace.text(result)
    let kept = first + "\nkept"
    try kept.write(toFile: "\(workspace.path)/\(result)", atomically: true, encoding: .utf8)
    #expect(workspace.run("evaluate") == 0)
    #expect(try workspace.text(result) == kept)
    for source in ["train/checkpoint-20.panna", "data/set-2-3.tfrecord"] {
      try kept.write(toFile: "\(workspace.path)/\(result)", atomically: true, encoding: .utf8)
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSinceNow: 60)],
        ofItemAtPath: "\(workspace.path)/\(source)")
      #expect(workspace.run("evaluate") == 0)
      #expect(try workspace.text(result) == first)
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSinceNow: -60)],
        ofItemAtPath: "\(workspace.path)/\(source)")
    }
  }

  /// Nor one of other data or options; what is asked for once more is.
  @Test func resultsOfOtherQuestionsAreNotKept() throws {
    let workspace = try TrainingWorkspace()
    #expect(workspace.run("tfr_packer") == 0 && workspace.run("train") == 0)
    let result = "evaluation/20.dat"
    func evaluated(_ changes: String...) throws -> String {
      #expect(workspace.run("evaluate", changes.flatMap { ["--set", $0] }) == 0)
      return try workspace.text(result)
    }
    // Data that are older than all results.
    let other = workspace.folder.url.appendingPathComponent("other")
    try FileManager.default.createDirectory(at: other, withIntermediateDirectories: true)
    let packed = other.appendingPathComponent("a.tfrecord")
    try FileManager.default.copyItem(
      at: workspace.folder.url.appendingPathComponent("data/set-3-3.tfrecord"), to: packed)
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -60)], ofItemAtPath: packed.path)
    let all = try evaluated()
    #expect(all.split(separator: "\n").count == 13)
    #expect(
      try evaluated("IO_INFORMATION.data_dir=\(other.path)").split(separator: "\n").count == 3)
    #expect(try evaluated() == all)
    let place = URL(fileURLWithPath: "\(workspace.path)/\(result)")
    #expect(try evaluated("VALIDATION_OPTIONS.add_offset=False") != all)
    #expect(!EvaluationQuestion.comparesEnergies(of: place))
    #expect(try evaluated() == all)
    #expect(EvaluationQuestion.comparesEnergies(of: place))
    // A result with forces is one without them, too; else these are gone with what they belonged to.
    let kept = all + "\nkept"
    try kept.write(toFile: "\(workspace.path)/\(result)", atomically: true, encoding: .utf8)
    let energies = "VALIDATION_OPTIONS.compute_forces=False"
    #expect(try evaluated(energies) == kept)
    #expect(try evaluated("IO_INFORMATION.data_dir=\(other.path)", energies) != kept)
    #expect(try evaluated() == all)
    #expect(try evaluated("IO_INFORMATION.data_dir=\(other.path)", energies) != all)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: workspace.path + "/evaluation").sorted()
        == ["20.dat", "20.json"])
  }

  @Test func energiesWithoutOffsetsAreNotCompared() {
    var summary = EvaluationSummary()
    summary.add(energy: 1, reference: -10, atoms: 2)
    summary.add(forces: [1], references: [1.5])
    #expect(summary.inWords().hasPrefix("1 structures, energy RMSE 5500.000 meV/atom"))
    #expect(
      summary.inWords(comparesEnergies: false)
        == "1 structures, energies without offsets, not comparable with the references; force RMSE 0.5000"
        + " eV/Å, MAE 0.5000, largest 0.500")
  }

  @Test func aResumedTrainingEndsWithTheSameBits() throws {
    let whole = try TrainingWorkspace()
    #expect(whole.run("tfr_packer") == 0)
    #expect(whole.run("train") == 0)
    let parts = try TrainingWorkspace()
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
    let whole = try TrainingWorkspace()
    #expect(whole.run("tfr_packer") == 0)
    #expect(whole.run("train", steps) == 0)
    let killed = try TrainingWorkspace()
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

  private func expectEqual(_ one: TrainingWorkspace, _ other: TrainingWorkspace) throws {
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
    let workspace = try TrainingWorkspace()
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
    let workspace = try TrainingWorkspace()
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
}
