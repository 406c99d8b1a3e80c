import AtomicNetworks
import Dataflow
import Foundation
import TestSupport
import Testing

@testable import ProgramSupport
@testable import panna

/// What a training goes on from, and with which of its files.
@Suite(.timeLimit(.minutes(20))) struct TrainResumeTests {
  private func workspace() throws -> TrainingWorkspace {
    let workspace = try TrainingWorkspace()
    #expect(workspace.run("tfr_packer") == 0)
    return workspace
  }

  private func sets(_ changes: [String]) -> [String] { changes.flatMap { ["--set", $0] } }

  private func steps(_ count: Int) -> String { "TRAINING_PARAMETERS.max_steps=\(count)" }

  /// The error of a training, the workspace's folder taken out.
  private func message(_ workspace: TrainingWorkspace, _ changes: String...) -> String {
    do {
      try Train.run(
        Train.options.parse(["--config", workspace.path + "/train.ini"] + sets(changes)))
      return "no error"
    } catch {
      return "\(error)".replacing(workspace.path + "/", with: "")
    }
  }

  private func damage(_ name: String, in workspace: TrainingWorkspace) throws {
    let file = workspace.folder.url.appendingPathComponent(name)
    try Data(contentsOf: file).dropLast(10).write(to: file)
  }

  // MARK: Checkpoints

  @Test func damagedCheckpointsAreNoNewBeginning() throws {
    let workspace = try workspace()
    #expect(workspace.run("train", sets([steps(3)])) == 0)
    let log = try workspace.text("train/delta_e.dat")
    try damage("train/checkpoint-3.panna", in: workspace)
    let said = message(workspace)
    #expect(said.hasPrefix("train/checkpoint-3.panna: "), "\(said)")
    #expect(
      said.hasSuffix(
        "; no checkpoint in train is whole: remove them to begin anew, or name another train_dir"),
      "\(said)")
    #expect(try workspace.text("train/delta_e.dat") == log)
    try FileManager.default.removeItem(atPath: workspace.path + "/train/checkpoint-3.panna")
    #expect(workspace.run("train") == 0)
  }

  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: TrainTests.executable)))
  func theNewestCheckpointThatIsWholeIsUsed() throws {
    let workspace = try workspace()
    let own = workspace.path + "/train/checkpoint-"
    let both = "IO_INFORMATION.write_tf_checkpoints=True"
    #expect(workspace.run("train", sets([steps(6), both])) == 0)
    // TensorFlow's, where it alone is of that step.
    try damage("train/checkpoint-6.panna", in: workspace)
    var said = try workspace.said("train", sets([steps(7)]))
    #expect(said.contains("; \(workspace.path)/train/model.ckpt-6 is used\n"), "\(said)")
    let names = ["checkpoint-3.panna", "checkpoint-6.panna", "checkpoint-7.panna"]
    for name in names {
      #expect(FileManager.default.fileExists(atPath: "\(workspace.path)/train/\(name)"))
    }
    // An older one of this program's, where there is no other.
    try damage("train/checkpoint-7.panna", in: workspace)
    for ending in ["index", "data-00000-of-00001"] {
      try FileManager.default.removeItem(atPath: "\(workspace.path)/train/model.ckpt-6.\(ending)")
    }
    said = try workspace.said("train", sets([steps(20)]))
    #expect(
      said.contains("\(own)7.panna: ") && said.contains("; \(own)3.panna is used\n"), "\(said)")
    let whole = try self.workspace()
    #expect(whole.run("train") == 0)
    #expect(try workspace.text("train/delta_e.dat") == whole.text("train/delta_e.dat"))
  }

  /// This program's own of the same step: it says more.
  @Test func ofTheSameStepThisProgramsIsUsed() throws {
    let (whole, parts) = (try workspace(), try workspace())
    #expect(whole.run("train") == 0)
    let both = "IO_INFORMATION.write_tf_checkpoints=True"
    #expect(parts.run("train", sets([steps(6), both])) == 0)
    // It would not be read.
    try damage("train/model.ckpt-6.data-00000-of-00001", in: parts)
    #expect(parts.run("train") == 0)
    #expect(try parts.text("train/delta_e.dat") == whole.text("train/delta_e.dat"))
  }

  // MARK: Settings

  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: TrainTests.executable)))
  func otherFlagsAreSaid() throws {
    let workspace = try workspace()
    #expect(workspace.run("train", sets([steps(3)])) == 0)
    let said = try workspace.said(
      "train", sets([steps(4), "DEFAULT_NETWORK.trainable=0:1:1"]))
    let file = "\(workspace.path)/train/checkpoint-3.panna"
    #expect(said.contains("\(file) has trainable = 1:1:1 for H, now it is 0:1:1\n"))
    #expect(!said.contains("trainable = 1:1 "))
  }

  /// Weights that go on with other activations are those of no network.
  @Test func otherActivationsAreRefused() throws {
    let workspace = try workspace()
    #expect(workspace.run("train", sets([steps(3)])) == 0)
    #expect(
      message(workspace, "O.activations=gaussian:linear")
        == "train/checkpoint-3.panna: has activations = tanh:linear for O, now it is gaussian:linear: weights are"
        + " good for what they were trained with, which [O] can say")
    #expect(workspace.run("train") == 0)
  }

  @Test func layersThatWereNotTrainedHaveNoState() throws {
    let workspace = try workspace()
    let none = ["DEFAULT_NETWORK.trainable=0:1:1", steps(3)]
    #expect(workspace.run("train", sets(none)) == 0)
    #expect(
      message(workspace, "DEFAULT_NETWORK.trainable=1:1:1")
        == "train/checkpoint-3.panna: the checkpoint has no variable species_H_layer_0/weights/Adam: what it is of"
        + " was not trained before; begin a training with the saved networks instead")
  }

  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: TrainTests.executable)))
  func otherTextsAreSaid() throws {
    let workspace = try workspace()
    let graphs = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Graphs")
    let (graph, layers) = (
      try String(contentsOf: graphs.appendingPathComponent("network.graph"), encoding: .utf8),
      try String(contentsOf: graphs.appendingPathComponent("layers.graph"), encoding: .utf8)
    )
    try workspace.write(graph, "h.graph")
    try workspace.write(layers, "layers.graph")
    let change = "H.graph=\(workspace.path)/h.graph"
    #expect(workspace.run("train", sets([steps(3), change])) == 0)
    try workspace.write(graph.replacing("+ Reshape", with: "- Reshape"), "h.graph")
    let said = try workspace.said("train", sets([steps(4), change]))
    #expect(
      said.contains("checkpoint-3.panna has another text for H than h.graph is now\n"), "\(said)")
  }

  @Test(
    .enabled(if: FileManager.default.isExecutableFile(atPath: TrainTests.executable)),
    arguments: ["criterion", "data_dir"])
  func theBestOfAnotherValidationIsForgotten(key: String) throws {
    let workspace = try workspace()
    let other = workspace.path + "/other"
    try FileManager.default.copyItem(atPath: workspace.path + "/data", toPath: other)
    // An energy per atom is a smaller number than any error of these forces.
    var changes = [
      "VALIDATION.data_dir=\(workspace.path)/data", "VALIDATION.frequency=1",
      "VALIDATION.patience=3", "VALIDATION.min_gain=0",
    ]
    #expect(workspace.run("train", sets(changes + [steps(6)])) == 0)
    changes +=
      key == "criterion" ? ["VALIDATION.criterion=forces"] : ["VALIDATION.data_dir=\(other)"]
    let said = try workspace.said("train", sets(changes + [steps(7)]))
    let (value, old) =
      key == "criterion" ? ("forces", "energy") : (other, workspace.path + "/data")
    #expect(
      said.contains(
        "train: [VALIDATION] \(key) is \(value), but \(old) in the checkpoint: the best networks are"
          + " looked for anew\n"), "\(said)")
    let file = URL(fileURLWithPath: workspace.path + "/train/checkpoint-7.panna")
    #expect(try Checkpoint(file).texts["validation"]?.hasPrefix("7 ") == true)
    #expect(try !workspace.said("train", sets(changes + [steps(8)])).contains("[VALIDATION]"))
  }

  // MARK: Logs

  /// No line is lost or there twice where other steps are logged than before.
  @Test func logsGoOnWithOtherFrequencies() throws {
    let (workspace, whole) = (try workspace(), try workspace())
    #expect(whole.run("train") == 0)
    let data = "VALIDATION.data_dir=\(workspace.path)/data"
    #expect(workspace.run("train", sets([steps(9), data, "VALIDATION.frequency=2"])) == 0)
    #expect(
      workspace.run(
        "train", sets([data, "VALIDATION.frequency=5", "IO_INFORMATION.log_frequency=4"])) == 0)
    let validated = try workspace.text("train/validation.dat").split(separator: "\n").map {
      Double($0.prefix { $0 != " " })!
    }
    #expect(validated == [2, 4, 6, 8, 10, 15, 20])
    for log in ["train/delta_e.dat", "train/delta_e_std.dat"] {
      let lines = try whole.text(log).split(separator: "\n")
      #expect(
        try workspace.text(log).split(separator: "\n") == lines.prefix(9)
          + [11, 15, 19].map { lines[$0] })
    }
  }

  @Test func anotherTrainingsLogIsNotGoneOnWith() throws {
    let workspace = try workspace()
    let logs = "IO_INFORMATION.log_dir=\(workspace.path)/logs"
    #expect(workspace.run("train", sets([logs, steps(6)])) == 0)
    let other = [
      "IO_INFORMATION.train_dir=\(workspace.path)/other", "TRAINING_PARAMETERS.seed=1",
    ]
    #expect(workspace.run("train", sets(other + [logs, steps(9)])) == 0)
    let log = try workspace.text("logs/delta_e.dat")
    #expect(
      message(workspace, logs)
        == "logs/delta_e.dat: is another training's: line 6 is not the one that this one wrote before its"
        + " checkpoint; move the logs there away, or name another log_dir")
    #expect(try workspace.text("logs/delta_e.dat") == log)
    // Where there is none it begins with what is new.
    let moved = "IO_INFORMATION.log_dir=\(workspace.path)/moved"
    #expect(workspace.run("train", sets([moved, steps(9)])) == 0)
    #expect(workspace.run("train", sets([moved])) == 0)
    #expect(try workspace.text("moved/delta_e.dat").split(separator: "\n").count == 14)
  }
}
