import Dataflow
import Foundation
import TestSupport
import Testing

@testable import ProgramSupport
@testable import panna

/// How `train` gets at its data, and how it is ended and kept alone.
@Suite(.timeLimit(.minutes(20))) struct TrainInputTests {
  private func trained(
    _ settings: [String], packedWith packing: [String] = []
  ) throws -> TrainingWorkspace {
    let workspace = try TrainingWorkspace()
    #expect(workspace.run("tfr_packer", packing.flatMap { ["--set", $0] }) == 0)
    #expect(workspace.run("train", settings.flatMap { ["--set", $0] }) == 0)
    return workspace
  }

  private func contents(_ workspace: TrainingWorkspace) throws -> [String: Data] {
    let folder = workspace.folder.url.appendingPathComponent("train/saved_networks")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    var all = Dictionary(
      uniqueKeysWithValues: try names.map {
        ($0, try Data(contentsOf: folder.appendingPathComponent($0)))
      })
    all["delta_e.dat"] = Data(try workspace.text("train/delta_e.dat").utf8)
    return all
  }

  /// Readers, room, cache and memory change nothing in the results.
  @Test func resultsDependOnTheOrderAlone() throws {
    let expected = try contents(trained([]))
    for settings in [
      ["num_parallel_readers=3"], ["num_parallel_calls=2", "dataset_cache=False"],
      ["prefetch_buffer_size_multiplier=1"], ["memory_budget=1"],
    ] {
      let workspace = try trained(settings.map { "PARALLELIZATION.\($0)" })
      #expect(try contents(workspace) == expected, "\(settings)")
    }
  }

  /// Derivatives that are packed in half precision may stay so in memory.
  @Test func halfDerivativesOfHalfBlocksChangeNothing() throws {
    let packing = ["CONTENT_INFORMATION.derivative_format=half_blocks"]
    let half = "TRAINING_PARAMETERS.half_derivatives=True"
    let expected = try contents(trained([], packedWith: packing))
    #expect(try contents(trained([half], packedWith: packing)) == expected)
    #expect(try contents(trained([half])) == expected)
    #expect(try contents(trained([])) != expected)
  }

  @Test func windowsGiveAnotherOrder() throws {
    let whole = try contents(trained([]))
    let window = try contents(trained(["PARALLELIZATION.shuffle_buffer_size_multiplier=1"]))
    let again = try contents(
      trained([
        "PARALLELIZATION.shuffle_buffer_size_multiplier=1", "PARALLELIZATION.num_parallel_calls=3",
      ]))
    #expect(window == again)
    #expect(window["delta_e.dat"] != whole["delta_e.dat"])
  }

  /// A window of more structures than there can be is one of all.
  @Test func windowsMayBeLargerThanNumbers() throws {
    let workspace = try TrainingWorkspace()
    let file = try IniFile(
      path: workspace.path + "/train.ini",
      overrides: [
        "TRAINING_PARAMETERS.batch_size=\(Int.max)",
        "PARALLELIZATION.shuffle_buffer_size_multiplier=2",
      ])
    #expect(try TrainConfiguration(file).pipeline.window == .max)
  }

  /// A training in another process that does not end by itself.
  private func start(_ workspace: TrainingWorkspace) throws -> (Process, Pipe) {
    let (process, output) = (Process(), Pipe())
    process.executableURL = URL(fileURLWithPath: TrainTests.executable)
    process.arguments = [
      "train", "--config", workspace.path + "/train.ini", "--set",
      "TRAINING_PARAMETERS.max_steps=100000000", "--set",
      "IO_INFORMATION.save_checkpoint_steps=100000000", "--set",
      "IO_INFORMATION.log_frequency=100",
    ]
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    // The log appears when the lock is held and the signals are caught.
    while (try? workspace.text("train/delta_e.dat"))?.isEmpty ?? true { usleep(5000) }
    return (process, output)
  }

  @Test(
    .enabled(if: FileManager.default.isExecutableFile(atPath: TrainTests.executable)),
    arguments: [(SIGTERM, "SIGTERM"), (SIGUSR1, "SIGUSR1"), (SIGINT, "SIGINT")])
  func aSignalEndsTheTrainingInOrder(signal: Int32, name: String) throws {
    let workspace = try TrainingWorkspace()
    #expect(workspace.run("tfr_packer") == 0)
    let (process, output) = try start(workspace)
    kill(process.processIdentifier, signal)
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationReason == .exit && process.terminationStatus == 0)
    let line = try #require(text.split(separator: "\n").last)
    let match = try #require(
      line.wholeMatch(
        of: /train: (SIG\w+) at step (\d+); the same command goes on from there/))
    #expect(match.1 == name)
    let folder = CheckpointFolder(workspace.folder.url.appendingPathComponent("train"))
    #expect(folder.steps == [Int(match.2)])
    #expect(!FileManager.default.fileExists(atPath: workspace.path + "/train/saved_networks"))

    // It goes on to the same end as one that was never disturbed.
    let steps = Int(match.2)! + 7
    let more = ["--set", "TRAINING_PARAMETERS.max_steps=\(steps)"]
    #expect(workspace.run("train", more) == 0)
    let whole = try TrainingWorkspace()
    #expect(whole.run("tfr_packer") == 0)
    #expect(
      whole.run("train", more + ["--set", "IO_INFORMATION.save_checkpoint_steps=1000000"]) == 0)
    let name = "/train/saved_networks/species_H_layer_0_weights_18x6.npy"
    #expect(
      FileManager.default.contents(atPath: workspace.path + name)
        == FileManager.default.contents(atPath: whole.path + name))
    #expect(FileManager.default.fileExists(atPath: whole.path + name))
  }

  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: TrainTests.executable)))
  func twoTrainingsDoNotShareAFolder() throws {
    let workspace = try TrainingWorkspace()
    #expect(workspace.run("tfr_packer") == 0)
    let (process, _) = try start(workspace)
    defer { kill(process.processIdentifier, SIGKILL) }
    let error = #expect(throws: WorkError.self) {
      try Train.run(Train.options.parse(["--config", workspace.path + "/train.ini"]))
    }
    let message = try #require(error?.message)
    #expect(
      message.hasPrefix(
        "\(workspace.path)/train: is in use by another program: panna train, process "
          + "\(process.processIdentifier) on "))
    // Nor the folder of the logs alone.
    let logs = #expect(throws: WorkError.self) {
      try Train.run(
        Train.options.parse([
          "--config", workspace.path + "/train.ini", "--set",
          "IO_INFORMATION.train_dir=\(workspace.path)/other",
        ]))
    }
    #expect(logs == error)
    // What a killed training leaves is no hindrance.
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    #expect(workspace.run("train") == 0)
    // One folder by two names is no other training's.
    let link = workspace.path + "/link"
    try FileManager.default.createSymbolicLink(
      atPath: link, withDestinationPath: workspace.path + "/train")
    #expect(workspace.run("train", ["--set", "IO_INFORMATION.log_dir=\(link)/."]) == 0)
  }

  /// What is left of a checkpoint that was being written when the process was killed.
  @Test func remainsAreRemoved() throws {
    let workspace = try TrainingWorkspace()
    #expect(workspace.run("tfr_packer") == 0)
    let remains = "train/.checkpoint-3.panna.2000000000.4711"
    try FileManager.default.createDirectory(
      atPath: workspace.path + "/train", withIntermediateDirectories: true)
    try workspace.write("half", remains)
    #expect(workspace.run("train") == 0)
    #expect(!FileManager.default.fileExists(atPath: workspace.path + "/" + remains))
  }

  @Test func damagedRecordsStopTheTrainingOrAreLeftOut() throws {
    let workspace = try TrainingWorkspace()
    #expect(workspace.run("tfr_packer") == 0)
    let file = workspace.folder.url.appendingPathComponent("data/set-2-3.tfrecord")
    var bytes = [UInt8](try Data(contentsOf: file))
    bytes[100] ^= 1
    try Data(bytes).write(to: file)
    func train(_ settings: [String]) throws {
      try Train.run(
        Train.options.parse(
          ["--config", workspace.path + "/train.ini"] + settings.flatMap { ["--set", $0] }))
    }
    let error = #expect(throws: FormatError.self) { try train([]) }
    #expect(error?.file == file.path && error?.record == 0 && error?.damage == .contentChecksum)
    // The checkpoints before it are there, and whole.
    try train(["IO_INFORMATION.damaged_records=skip"])
    let log = try workspace.text("train/delta_e.dat").split(separator: "\n")
    #expect(log.count == 20)
    #expect(throws: FormatError.self) {
      try train([
        "IO_INFORMATION.damaged_records=skip", "IO_INFORMATION.max_damaged_records=0",
        "TRAINING_PARAMETERS.max_steps=30",
      ])
    }
  }
}
