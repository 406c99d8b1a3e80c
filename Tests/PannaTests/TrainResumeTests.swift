import AtomicNetworks
import Atomistics
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
    message(workspace, changes)
  }

  private func message(_ workspace: TrainingWorkspace, _ changes: [String]) -> String {
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
        "; no checkpoint in train can be gone on from: mend that, move them away to begin anew, or name another train_dir"
      ),
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

  private func remove(_ name: String, in workspace: TrainingWorkspace) throws {
    try FileManager.default.removeItem(atPath: "\(workspace.path)/train/\(name)")
  }

  /// A training with all that a checkpoint has to say something of.
  private func validated(_ workspace: TrainingWorkspace) -> [String] {
    [
      "VALIDATION.data_dir=\(workspace.path)/data", "VALIDATION.frequency=2",
      "VALIDATION.patience=100", "VALIDATION.min_gain=0.1", "TRAINING_PARAMETERS.learning_rate=0.3",
      "IO_INFORMATION.write_tf_checkpoints=True",
    ]
  }

  private func best(_ workspace: TrainingWorkspace, _ ending: String = "") throws -> NetworkModel {
    try NetworkModel(folder: workspace.folder.file("train/best_networks\(ending)"))
  }

  /// Whichever of the two is there: networks, the order of examples and the best validation go on.
  @Test func tensorFlowsSaysAsMuch() throws {
    let (whole, parts) = (try workspace(), try workspace())
    #expect(whole.run("train", sets(validated(whole))) == 0)
    #expect(parts.run("train", sets(validated(parts) + [steps(6)])) == 0)
    for step in [3, 6] { try remove("checkpoint-\(step).panna", in: parts) }
    #expect(
      message(parts, "O.activations=gaussian:linear")
        == "train/model.ckpt-6: has activations = tanh:linear for O, now it is gaussian:linear: weights are good"
        + " for what they were trained with, which [O] can say")
    #expect(parts.run("train", sets(validated(parts))) == 0)
    for name in ["train/delta_e.dat", "train/validation.dat"] {
      #expect(try parts.text(name) == whole.text(name))
    }
    #expect(try best(parts) == best(whole))
    let notes = try [whole, parts].map {
      try Checkpoint($0.folder.file("train/checkpoint-20.panna")).texts
    }
    #expect(notes[0]["validation"] != nil && notes[0]["validation"] == notes[1]["validation"])
  }

  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: TrainTests.executable)))
  func changesOfTensorFlowsAreSaid() throws {
    let workspace = try workspace()
    let both = "IO_INFORMATION.write_tf_checkpoints=True"
    #expect(workspace.run("train", sets([steps(3), both])) == 0)
    try remove("checkpoint-3.panna", in: workspace)
    let said = try workspace.said(
      "train",
      sets([
        steps(4), "DATA_INFORMATION.output_offset=-2.5, -3", "DATA_INFORMATION.energy_rescale=0.5",
        "TRAINING_PARAMETERS.batch_size=3",
      ]))
    let file = "\(workspace.path)/train/model.ckpt-3"
    #expect(said.contains("train: \(file) has output_offset = -3.5 for O, now it is -3.0\n"))
    #expect(said.contains("train: \(file) has energy_rescale = 1.0, now it is 0.5\n"))
    #expect(said.contains("train: batch_size is 3, but 4 in \(file): the order of examples"))
  }

  /// Nobody knows how good the best networks were before TensorFlow went on: they are not lost for worse ones.
  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: TrainTests.executable)))
  func theBestBeforeTensorFlowAreKept() throws {
    let workspace = try workspace()
    #expect(workspace.run("train", sets(validated(workspace) + [steps(6)])) == 0)
    for step in [3, 6] { try remove("checkpoint-\(step).panna", in: workspace) }
    let prefix = workspace.folder.file("train/model.ckpt-6")
    let written = try TensorFlowCheckpoint(prefix)
    let names = written.variables.map(\.name).filter { $0 != "panna/notes" }
    #expect(names.count == written.variables.count - 1)
    let tensors = try names.map { ($0, try written.tensor($0)) }
    try TensorFlowCheckpoint.write(Dictionary(uniqueKeysWithValues: tensors), to: prefix)
    let before = try best(workspace)
    let said = try workspace.said("train", sets(validated(workspace) + [steps(8)]))
    #expect(
      said.contains(
        "train: \(prefix.path) says nothing beside the networks: the order of examples may be another, what"
          + " validations found is not known\n"), "\(said)")
    #expect(said.contains(", those of before are in \(workspace.path)/train/best_networks.6\n"))
    #expect(try best(workspace, ".6") == before)
    #expect(try best(workspace) != before)
  }

  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: TrainTests.executable)))
  func anOlderOneIsUsedWhereBothOfAStepAreDamaged() throws {
    let (whole, parts) = (try workspace(), try workspace())
    #expect(whole.run("train") == 0)
    let both = "IO_INFORMATION.write_tf_checkpoints=True"
    #expect(parts.run("train", sets([steps(6), both])) == 0)
    try damage("train/checkpoint-6.panna", in: parts)
    try damage("train/model.ckpt-6.data-00000-of-00001", in: parts)
    let said = try parts.said("train")
    let used = "; \(parts.path)/train/checkpoint-3.panna is used\n"
    #expect(said.components(separatedBy: used).count == 3, "\(said)")
    #expect(said.contains("train: \(parts.path)/train/model.ckpt-6"), "\(said)")
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

  /// Nothing but the order says which species' atoms are which.
  @Test(arguments: ["O, H", "H, O, C", "H, C"])
  func otherSpeciesAreRefused(species: String) throws {
    let workspace = try workspace()
    #expect(workspace.run("train", sets([steps(3)])) == 0)
    let offsets = species.split(separator: ",").map { _ in "-3" }.joined(separator: ", ")
    var changes = [
      "DATA_INFORMATION.atomic_sequence=\(species)", "DATA_INFORMATION.output_offset=\(offsets)",
    ]
    // A section of a species that is none is refused before.
    if !species.contains("O") {
      let text = try workspace.text("train.ini").replacing("[O]", with: "[C]")
      try workspace.write(text, "train.ini")
    }
    changes.append(steps(4))
    #expect(
      message(workspace, changes)
        == "train/checkpoint-3.panna: has atomic_sequence = H, O, now it is \(species): weights are good for what"
        + " they were trained with")
  }

  @Test func otherDescriptorsAreRefused() throws {
    let workspace = try workspace()
    for structure in try TrainingWorkspace.structures(12) {
      let file = workspace.folder.file("examples/\(structure.name).example")
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try ExampleFile.write(structure, to: file)
    }
    let examples = [
      "IO_INFORMATION.input_format=example", "IO_INFORMATION.data_dir=\(workspace.path)/examples",
      "IO_INFORMATION.gvect_ini=\(workspace.path)/gvect.ini",
    ]
    let settings = TrainingWorkspace.descriptorSections
    try workspace.write(settings, "gvect.ini")
    #expect(workspace.run("train", sets(examples + [steps(3)])) == 0)
    try workspace.write(settings.replacing("Rc_rad = 3.5", with: "Rc_rad = 3.25"), "gvect.ini")
    #expect(
      message(workspace, examples + [steps(4)])
        == "train/checkpoint-3.panna: has descriptors with Rc_rad = 3.5, now it is 3.25: weights are good for what"
        + " they were trained with")
    try workspace.write(settings, "gvect.ini")
    #expect(workspace.run("train", sets(examples + [steps(4)])) == 0)
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

  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: TrainTests.executable)))
  func theBestOfAnotherValidationIsForgotten() throws {
    let workspace = try workspace()
    var changes = [
      "VALIDATION.data_dir=\(workspace.path)/data", "VALIDATION.frequency=1",
      "VALIDATION.patience=3", "VALIDATION.min_gain=0",
    ]
    #expect(workspace.run("train", sets(changes + [steps(6)])) == 0)
    let before = try best(workspace)
    // An energy per atom is a smaller number than any error of these forces.
    changes.append("VALIDATION.criterion=forces")
    let said = try workspace.said("train", sets(changes + [steps(7)]))
    #expect(
      said.contains(
        "train: [VALIDATION] criterion is forces, but energy in the checkpoint: the best networks are looked"
          + " for anew, those of before are in \(workspace.path)/train/best_networks.6\n"),
      "\(said)")
    #expect(try best(workspace, ".6") == before)
    let file = URL(fileURLWithPath: workspace.path + "/train/checkpoint-7.panna")
    #expect(try Checkpoint(file).texts["validation"]?.hasPrefix("7 ") == true)
    #expect(try !workspace.said("train", sets(changes + [steps(8)])).contains("[VALIDATION]"))
  }

  /// The same structures are the same validation, wherever they are.
  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: TrainTests.executable)))
  func theBestIsRememberedWhereStructuresAreMoved() throws {
    let (whole, parts) = (try workspace(), try workspace())
    #expect(whole.run("train", sets(validated(whole))) == 0)
    #expect(parts.run("train", sets(validated(parts) + [steps(6)])) == 0)
    let other = parts.path + "/other"
    try FileManager.default.copyItem(atPath: parts.path + "/data", toPath: other)
    let changes = validated(parts) + ["VALIDATION.data_dir=\(other)"]
    #expect(try !parts.said("train", sets(changes)).contains("best networks"))
    #expect(try best(parts) == best(whole))
    #expect(try names(parts) == ["best_networks"])
    let notes = try [whole, parts].map {
      try Checkpoint($0.folder.file("train/checkpoint-20.panna")).texts["validation"]
    }
    #expect(notes[0] != nil && notes[0] == notes[1])
  }

  /// Whatever the folder is called.
  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: TrainTests.executable)))
  func theBestOfOtherStructuresIsForgotten() throws {
    let workspace = try workspace()
    let other = workspace.path + "/other"
    try FileManager.default.copyItem(atPath: workspace.path + "/data", toPath: other)
    let changes = [
      "VALIDATION.data_dir=\(other)", "VALIDATION.frequency=1", "VALIDATION.patience=3",
    ]
    #expect(workspace.run("train", sets(changes + [steps(6)])) == 0)
    try FileManager.default.removeItem(atPath: other + "/set-2-3.tfrecord")
    let said = try workspace.said("train", sets(changes + [steps(7)]))
    let warning =
      /train: \[VALIDATION\] structures is 7 of checksum \w+, but 12 of checksum \w+ in the checkpoint:/
    #expect(said.contains(warning), "\(said)")
    let checkpoint = try Checkpoint(workspace.folder.file("train/checkpoint-7.panna"))
    #expect(checkpoint.texts["validation"]?.hasPrefix("7 ") == true)
    #expect(try names(workspace) == ["best_networks", "best_networks.6"])
    #expect(try !workspace.said("train", sets(changes + [steps(8)])).contains("[VALIDATION]"))
  }

  @Test func otherEnergiesAndNamesAreOtherStructures() throws {
    var structures = try TrainingWorkspace.clusters(2)
    func digest() -> String {
      var digest = StructureDigest(count: 2)
      for structure in structures { digest.add(structure) }
      return digest.text
    }
    let first = digest()
    #expect(digest() == first)
    structures[1].energy = structures[1].energy.nextUp
    let second = digest()
    structures[1].name += "x"
    #expect(Set([first, second, digest()]).count == 3)
  }

  /// What goes on from a checkpoint of step 8 that knows of a best validation at step 6.
  private func validation(
    _ workspace: TrainingWorkspace, waited: Int = 0, _ changes: String...
  ) throws -> TrainValidation {
    let data = workspace.path + "/data"
    let file = try IniFile(
      path: workspace.path + "/train.ini",
      overrides: ["VALIDATION.data_dir=\(data)", "VALIDATION.patience=3"] + changes)
    return try TrainValidation(
      #require(TrainConfiguration(file).validation), structures: TrainingWorkspace.clusters(1),
      digest: StructureDigest(count: 1), trainDirectory: workspace.folder.file("train"), step: 8,
      checkpoint: Checkpoint(texts: [
        "validation": "6 0.25 \(waited)", "[VALIDATION] criterion": "energy",
        "[VALIDATION] data_dir": data,
      ]))
  }

  private let bestOfStep6 = "the best validation was 250.000 meV/atom at step 6"

  /// What checkpoints said before there was more to say, and best networks that were not kept, or by a program that
  /// did not say of which step they are.
  @Test func earlierNotesCount() throws {
    let workspace = try TrainingWorkspace()
    #expect(try validation(workspace, waited: 2).summary == bestOfStep6)
    #expect(
      try !validation(workspace, waited: 2).isOver && validation(workspace, waited: 3).isOver)
    #expect(try validation(workspace, waited: 2).notes["validation"] == "6 0.25 2 0.25")
    let best = workspace.folder.file("train/best_networks")
    try TrainConfiguration(IniFile(path: workspace.path + "/train.ini")).networks.model
      .write(to: best)
    #expect(
      try validation(workspace).summary == "\(bestOfStep6); its networks are in \(best.path)")
    #expect(try validation(workspace, "VALIDATION.data_dir=\(workspace.path)").summary == nil)
    #expect(try names(workspace) == ["best_networks.8"])
  }

  @Test func onlyTheBestNetworksAreNamed() throws {
    let workspace = try TrainingWorkspace()
    let best = BestNetworks(in: workspace.folder.file("train"))
    let model = try TrainConfiguration(IniFile(path: workspace.path + "/train.ini")).networks.model
    func write(_ step: Int, _ value: Double, criterion: String = "energy") throws {
      let record = BestNetworks.Record(
        criterion: criterion, structures: StructureDigest(count: 1).text, step: step, value: value)
      try best.write(model, record)
      #expect(best.record == record)
    }
    func asides() throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: workspace.path + "/train")
        .filter { $0 != "best_networks" }.sorted()
    }
    try write(6, 0.25)
    #expect(
      try validation(workspace).summary == "\(bestOfStep6); its networks are in \(best.folder.path)"
    )
    // The training may come to the same step again.
    try write(11, 0.125)
    #expect(
      try validation(workspace).summary
        == "\(bestOfStep6); \(best.folder.path) holds those of step 11, which this training has not come to"
    )
    #expect(best.exist)
    // It was without keep_best from step 4 on.
    try write(4, 0.5)
    #expect(try validation(workspace, "VALIDATION.keep_best=False").summary == bestOfStep6)
    #expect(try best.exist && asides() == [])
    #expect(try validation(workspace).summary == bestOfStep6)
    #expect(try !best.exist && asides() == ["best_networks.8"])
    try write(11, 0.125, criterion: "forces")
    #expect(try validation(workspace).summary == bestOfStep6)
    #expect(try !best.exist && asides() == ["best_networks.8", "best_networks.8-2"])
    // Who was killed while writing leaves no networks.
    try write(6, 0.25)
    try FileManager.default.removeItem(
      at: best.folder.appendingPathComponent("networks_metadata.json"))
    #expect(try validation(workspace).summary == bestOfStep6)
  }

  /// What goes on from an earlier checkpoint, and what is in the folder of the best networks, by itself and by the
  /// checkpoint.
  private func rolledBack(
    _ workspace: TrainingWorkspace, to step: Int, frequency: Int, _ changes: String...
  ) throws -> (said: String, before: BestNetworks.Record, networks: NetworkModel) {
    let best = BestNetworks(in: workspace.folder.file("train"))
    let validation = [
      "VALIDATION.data_dir=\(workspace.path)/data", "VALIDATION.frequency=\(frequency)",
      "TRAINING_PARAMETERS.learning_rate=0.003", steps(12),
    ]
    #expect(workspace.run("train", sets(validation)) == 0)
    let (before, networks) = (try #require(best.record), try self.best(workspace))
    try #require(before.step > step)
    for step in stride(from: step + 3, through: 12, by: 3) {
      try remove("checkpoint-\(step).panna", in: workspace)
    }
    let said = try workspace.said("train", sets(validation + changes))
    let record = try #require(best.record)
    let checkpoint = try Checkpoint(workspace.folder.file("train/checkpoint-12.panna"))
    #expect(
      checkpoint.texts["validation"]?.hasPrefix("\(record.step) \(record.value) ") == true)
    return (said, before, networks)
  }

  private func names(_ workspace: TrainingWorkspace) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: workspace.path + "/train")
      .filter { $0.hasPrefix("best_networks") }.sorted()
  }

  /// The networks of steps that a training does not come to again are not lost for worse ones.
  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: TrainTests.executable)))
  func theBestBehindTheCheckpointAreKept() throws {
    let workspace = try workspace()
    let (said, before, networks) = try rolledBack(
      workspace, to: 6, frequency: 1, "TRAINING_PARAMETERS.learning_rate=0.001")
    let folder = workspace.path + "/train/best_networks"
    #expect(
      said.contains(
        "train: \(folder) holds the networks of step \(before.step), which this training has not come to: they"
          + " are in \(folder).6 now, and are removed where it comes to the same\n"), "\(said)")
    #expect(try names(workspace) == ["best_networks", "best_networks.6"])
    #expect(try best(workspace, ".6") == networks)
    #expect(try best(workspace) != networks)
  }

  /// Where nothing but its end was disturbed a training comes to the same, often with its next best validation.
  @Test(
    .enabled(if: FileManager.default.isExecutableFile(atPath: TrainTests.executable)),
    arguments: [(6, 1), (9, 3)])
  func theSameBestNetworksComeAgain(step: Int, frequency: Int) throws {
    let workspace = try workspace()
    let (said, before, networks) = try rolledBack(workspace, to: step, frequency: frequency)
    #expect(BestNetworks(in: workspace.folder.file("train")).record == before)
    #expect(try best(workspace) == networks)
    #expect(try names(workspace) == ["best_networks"])
    #expect(said.contains("best_networks.") == (frequency == 1), "\(said)")
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
    #expect(validated == [2, 4, 6, 8, 9, 10, 15, 20])
    for log in ["train/delta_e.dat", "train/delta_e_std.dat"] {
      let lines = try whole.text(log).split(separator: "\n")
      #expect(
        try workspace.text(log).split(separator: "\n") == lines.prefix(9)
          + [11, 15, 19].map { lines[$0] })
    }
  }

  /// Validations on forces have a column more.
  @Test func validationsOfOtherColumnsAreKeptAside() throws {
    let workspace = try workspace()
    let validation = ["VALIDATION.data_dir=\(workspace.path)/data", "VALIDATION.frequency=2"]
    let energies = validation + ["TRAINING_PARAMETERS.forces_cost=0", steps(4)]
    #expect(workspace.run("train", sets(energies)) == 0)
    let log = try workspace.text("train/validation.dat")
    #expect(workspace.run("train", sets(validation + [steps(8)])) == 0)
    #expect(try workspace.text("train/validation.dat.4") == log)
    let rows = try [log, workspace.text("train/validation.dat")].map {
      $0.split(separator: "\n").map { $0.split(separator: " ").count }
    }
    #expect(rows == [[4, 4], [5, 5]])
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
