import Dataflow
import Foundation
import Testing

@testable import panna

/// What `train` leaves for TensorBoard.
@Suite(.timeLimit(.minutes(20))) struct TrainEventTests {
  private func workspace() throws -> TrainingWorkspace {
    let workspace = try TrainingWorkspace()
    #expect(workspace.run("tfr_packer") == 0)
    return workspace
  }

  private func contents(_ workspace: TrainingWorkspace) throws -> [EventContents] {
    try EventReader.files(in: workspace.folder.url.appendingPathComponent("train"))
      .map { try EventReader.contents(of: $0) }
  }

  private static let target = ProcessInfo.processInfo.environment["TENSORBOARD_TRAINING"]

  /// Makes the folder that `Tests/tensorboard_events.py` reads.
  @Test(.enabled(if: target != nil, "for Tests/tensorboard.sh"))
  func aTrainingForTensorBoard() throws {
    let workspace = try workspace()
    let validation = ["--set", "VALIDATION.data_dir=\(workspace.path)/data"]
    #expect(workspace.run("train", validation + ["--set", "VALIDATION.frequency=5"]) == 0)
    try FileManager.default.copyItem(
      atPath: "\(workspace.path)/train", toPath: try #require(Self.target))
  }

  /// Each file says from which step on what earlier ones hold counts no more.
  @Test func aTrainingThatGoesOnSaysFromWhere() throws {
    let workspace = try workspace()
    for steps in [3, 5] {
      #expect(workspace.run("train", ["--set", "TRAINING_PARAMETERS.max_steps=\(steps)"]) == 0)
    }
    let files = try EventReader.files(in: workspace.folder.url.appendingPathComponent("train"))
    #expect(files.count == 2)
    for (file, first) in zip(files, [1, 4] as [UInt8]) {
      var reader = try TFRecordReader(file)
      _ = try reader.next()
      // Behind the time the step and a session log that says START.
      #expect(try reader.next()?.dropFirst(9) == [0x10, first, 0x3A, 2, 8, 1])
    }
  }

  @Test func theOriginalsTagsAndHonestOnes() throws {
    let workspace = try workspace()
    let validation = ["--set", "VALIDATION.data_dir=\(workspace.path)/data"]
    #expect(workspace.run("train", validation + ["--set", "VALIDATION.frequency=5"]) == 0)
    let scalars = try #require(try contents(workspace).first).scalars
    let byTag = Dictionary(grouping: scalars, by: \.tag)
    #expect(
      byTag.keys.sorted() == [
        "1.Losses/1.LOSS-Delta_E2", "1.Losses/2.Energy_RMSE", "1.Losses/3.Energy_RMSE_atom",
        "1.Losses/4.Regularization_loss", "1.Losses/5.F_Loss", "2.Mean_energy/S0.H",
        "2.Mean_energy/S1.O", "3.Std_energy/S0.H", "3.Std_energy/S1.O", "4.N_atoms/S0.H",
        "4.N_atoms/S1.O", "5.Errors/1.Energy_RMSE", "5.Errors/2.Energy_RMSE_atom",
        "5.Errors/3.Force_RMSE", "5.Errors/4.Energy_MAE", "5.Errors/5.Energy_MAE_atom",
        "5.Errors/6.Force_MAE", "6.Validation/1.Energy_RMSE", "6.Validation/2.Energy_RMSE_atom",
        "6.Validation/3.Energy_MAE_atom", "6.Validation/4.Force_RMSE", "6.Validation/5.Force_MAE",
        "7.Input/1.Waiting", "learning_rate",
      ])
    for (tag, points) in byTag {
      let expected = tag.hasPrefix("6") ? [5, 10, 15, 20] : Array(1...20)
      #expect(points.map(\.step) == expected, "\(tag)")
    }
    // By their definitions from the errors of the batch themselves.
    let rows = try workspace.text("train/delta_e.dat").split(separator: "\n").map {
      $0.split(separator: " ").map { Double($0)! }
    }
    func values(_ tag: String) throws -> [Double] { try #require(byTag[tag]).map(\.value) }
    for (index, row) in rows.enumerated() {
      let count = Double(row.count)
      let (mean, square) = (row.reduce(0, +) / count, row.map { $0 * $0 }.reduce(0, +) / count)
      let absolute = row.map { abs($0) }.reduce(0, +) / count
      for (tag, expected) in [
        ("1.Losses/1.LOSS-Delta_E2", count * square),
        ("1.Losses/2.Energy_RMSE", (square - mean * mean).squareRoot()),
        ("5.Errors/1.Energy_RMSE", square.squareRoot()), ("5.Errors/4.Energy_MAE", absolute),
      ] {
        #expect(abs(try values(tag)[index] - expected) < 1e-5 * max(1, expected), "\(tag)")
      }
    }
  }

  /// The errors are those of the energies that the user knows, whatever the training makes of them.
  @Test func rescaledTrainingsTellErrorsInElectronvolts() throws {
    let workspace = try workspace()
    let changes = [
      "DATA_INFORMATION.energy_rescale=10", "TRAINING_PARAMETERS.forces_cost=0",
      "TRAINING_PARAMETERS.max_steps=1",
    ]
    #expect(workspace.run("train", changes.flatMap { ["--set", $0] }) == 0)
    let scalars = try #require(try contents(workspace).first).scalars
    func value(_ tag: String) throws -> Double {
      try #require(scalars.first { $0.tag == tag }).value
    }
    // The loss is a sum of squares of rescaled errors of four structures.
    let expected = (try value("1.Losses/1.LOSS-Delta_E2") / 4).squareRoot() / 10
    #expect(abs(try value("5.Errors/1.Energy_RMSE") - expected) < 1e-6 * expected)
    #expect(try value("5.Errors/4.Energy_MAE") <= expected)
    #expect(!scalars.contains { $0.tag.contains("F_Loss") || $0.tag.contains("Force") })
  }

  @Test func theGraphAndTheCostOfAStep() throws {
    let workspace = try workspace()
    #expect(workspace.run("train") == 0)
    let found = try #require(try contents(workspace).first)
    let graph = try #require(found.graphs.first)
    #expect(found.graphs.count == 1)
    let names = Set(graph.nodes.map(\.name))
    for name in [
      "descriptors_H", "species_H_layer_0/weights", "species_H_layer_0/MatMul",
      "species_O_layer_1/BiasAdd", "gradients/species_O_layer_0/MatMul_grad/MatMul",
      "learning_rate",
      "Adam/update_species_O_layer_1/biases/ApplyAdam",
    ] { #expect(names.contains(name), "\(name)") }
    #expect(found.runMetadata.map(\.step) == [10, 11, 12, 13, 14])
    #expect(found.runMetadata.map(\.tag) == found.runMetadata.map { "step \($0.step)" })
    let steps = try #require(found.runMetadata.first).metadata.devices.flatMap(\.steps)
    #expect(steps.contains { $0.operation == "ApplyAdam" })
    #expect(steps.allSatisfy { names.contains($0.node) && $0.nanoseconds > 0 })
    #expect(steps.contains { ($0.flops ?? 0) > 0 })
  }

  /// A training that ends as soon as a checkpoint is there goes on behind it: what is shown of the step comes before.
  @Test func noHistogramIsMissing() throws {
    let workspace = try workspace()
    // TensorFlow's cannot be written behind this program's own.
    let obstacle = workspace.path + "/train/model.ckpt-3.data-00000-of-00001"
    try FileManager.default.createDirectory(atPath: obstacle, withIntermediateDirectories: true)
    let both = ["--set", "IO_INFORMATION.write_tf_checkpoints=True"]
    #expect(workspace.run("train", both) == 1)
    #expect(FileManager.default.fileExists(atPath: workspace.path + "/train/checkpoint-3.panna"))
    try FileManager.default.removeItem(atPath: obstacle)
    #expect(workspace.run("train", both) == 0)
    let files = try EventReader.files(in: workspace.folder.file("train"))
    let counts = try files.map { file in
      String(decoding: try Data(contentsOf: file), as: UTF8.self)
        .components(separatedBy: "SH.0/W0").count - 1
    }
    #expect(counts == [3, 17])
  }

  @Test func aResumedTrainingHasOneGraphAndTheCostOfAStepOfItsOwn() throws {
    let workspace = try workspace()
    for steps in [5, 20, 20] {
      #expect(workspace.run("train", ["--set", "TRAINING_PARAMETERS.max_steps=\(steps)"]) == 0)
    }
    let files = try contents(workspace)
    #expect(files.map(\.graphs.count) == [1, 0, 0])
    #expect(files.map { $0.runMetadata.map(\.step) } == [[5], [15, 16, 17, 18, 19], []])
    // Where the earlier files are gone, the graph is there again.
    for file in try EventReader.files(in: workspace.folder.url.appendingPathComponent("train")) {
      try FileManager.default.removeItem(at: file)
    }
    #expect(workspace.run("train", ["--set", "TRAINING_PARAMETERS.max_steps=21"]) == 0)
    #expect(try contents(workspace).map(\.graphs.count) == [1])
  }
}
