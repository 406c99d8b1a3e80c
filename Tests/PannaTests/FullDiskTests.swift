import Atomistics
import Foundation
import TestSupport
import Testing

@testable import panna

/// Programs that may write but a few kilobytes to a file, as on a full disk: they say so, and neither a part
/// of the file nor a temporary one is left.
@Suite(
  .enabled(if: FileManager.default.isExecutableFile(atPath: TrainTests.executable)),
  .timeLimit(.minutes(20)))
struct FullDiskTests {
  /// Runs the program where files may have so many blocks of 1024 bytes.
  private func run(_ blocks: Int, _ arguments: String...) throws -> (status: Int32, errors: String)
  {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    process.arguments =
      ["-c", "ulimit -f \(blocks) && exec \"$@\"", "bash", TrainTests.executable] + arguments
    let pipe = Pipe()
    (process.standardError, process.standardOutput) = (pipe, FileHandle.nullDevice)
    try process.run()
    let said = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationReason == .exit)
    return (process.terminationStatus, String(decoding: said, as: UTF8.self))
  }

  private let reason = "cannot be written: File too large"

  @Test func packingAndTraining() throws {
    let workspace = try TrainingWorkspace(structures: 5)
    let packing = try run(4, "tfr_packer", "-c", "\(workspace.path)/tfr.ini")
    #expect(packing.status == 1)
    #expect(
      packing.errors.hasSuffix("\(workspace.path)/data/set-1-1.tfrecord: \(reason)\n"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(workspace.path)/data") == [])

    #expect(workspace.run("tfr_packer") == 0)
    let training = try run(1, "train", "-c", "\(workspace.path)/train.ini")
    #expect(training.status == 1)
    #expect(training.errors.contains("cannot be written: File too large"), "\(training.errors)")
    let left = try FileManager.default.contentsOfDirectory(atPath: "\(workspace.path)/train")
    #expect(!left.contains { $0.hasPrefix(".") || $0.hasSuffix(".panna") }, "\(left)")
  }

  /// A log that can grow no more is named, with the reason and nothing else.
  @Test func logging() throws {
    let workspace = try TrainingWorkspace(structures: 5)
    #expect(workspace.run("tfr_packer") == 0)
    let validation = ["VALIDATION.data_dir=\(workspace.path)/data", "VALIDATION.frequency=1"]
    let steps = "TRAINING_PARAMETERS.max_steps=1"
    #expect(workspace.run("train", (validation + [steps]).flatMap { ["--set", $0] }) == 0)
    // One MiB to the byte.
    try Data(String(repeating: "1 0.5 0.5 .5 .5\n", count: 1 << 16).utf8)
      .write(to: workspace.folder.file("train/validation.dat"))
    let training = try run(
      1024, "train", "-c", "\(workspace.path)/train.ini", "--set", validation[0], "--set",
      validation[1])
    #expect(training.status == 1)
    #expect(
      training.errors.hasSuffix(
        "panna: train: \(workspace.path)/train/validation.dat: \(reason)\n"),
      "\(training.errors)")
  }

  @Test func evaluatingAndExtracting() throws {
    let workspace = try TrainingWorkspace(structures: 12)
    #expect(workspace.run("tfr_packer") == 0 && workspace.run("train") == 0)
    let evaluation = try run(1, "evaluate", "-c", "\(workspace.path)/evaluate.ini")
    #expect(evaluation.status == 1)
    #expect(
      evaluation.errors.hasSuffix("\(workspace.path)/evaluation/20_forces.dat: \(reason)\n"))
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: "\(workspace.path)/evaluation") == [])

    try workspace.write(
      """
      [IO_INFORMATION]
      train_dir = \(workspace.path)/train
      output_dir = \(workspace.path)/networks
      """, "extract.ini")
    let extraction = try run(1, "extract_weights", "-c", "\(workspace.path)/extract.ini")
    #expect(extraction.status == 1)
    #expect(
      extraction.errors.hasSuffix("\(workspace.path)/networks/networks_metadata.json: \(reason)\n"))
    let left = try FileManager.default.contentsOfDirectory(atPath: "\(workspace.path)/networks")
    // Without metadata it is no folder of saved networks.
    #expect(!left.contains("networks_metadata.json") && !left.contains { $0.hasPrefix(".") })
  }

  /// What was on the disk before it was full is kept, up to the last whole frame.
  @Test func simulating() throws {
    let fixture = try ProgramFixture()
    try fixture.write(MDTests.ini, to: "md.ini")
    let sets = ["DYNAMICS.steps=600", "OUTPUT.trajectory_every=1", "OUTPUT.example_every=0"]
    let md = try run(
      400, "md", "-c", fixture.path("md.ini"), "--set", sets[0], "--set", sets[1], "--set", sets[2])
    let name = "si_a5p43_T300_r1"
    let error = "\(fixture.path("out/\(name).xyz")): \(reason)"
    #expect(md.status == 1)
    #expect(
      md.errors.contains(
        "\(name): \(error); what was recorded is in \(name)_failed* as far as it could be written:"
          + " \(error)\n"), "\(md.errors)")
    #expect(
      try fixture.names(in: "out")
        == ["\(name)_failed.xyz", "\(name)_failed_rdf.dat", "\(name)_failed_thermo.dat"])
    let frames = try ExtendedXYZ.read(fixture.url("out/\(name)_failed.xyz")).map(\.name)
    #expect(frames.count > 50 && frames == frames.indices.map { "\(name)_\($0)" })
    let last = try fixture.text("out/\(name)_failed_thermo.dat").split(separator: "\n").last
    #expect(try #require(last?.split(separator: " ").first.flatMap { Int($0) }) >= frames.count - 5)
  }

  @Test func describingAndParsing() throws {
    let fixture = try ProgramFixture()
    try fixture.write(GvectCalculatorTests.ini, to: "gvect.ini")
    var many = GvectCalculatorTests.water(1)
    many.cell = .none
    for copy in 1...9 {
      many.species += GvectCalculatorTests.water(1).species
      many.positions += GvectCalculatorTests.water(1).positions.map {
        $0 + SIMD3(0, 0, 3 * Double(copy))
      }
    }
    many.forces = nil
    try FileManager.default.createDirectory(
      at: fixture.url("examples"), withIntermediateDirectories: true)
    try ExampleFile.write(many, to: fixture.url("examples/many.example"))
    let calculator = try run(2, "gvect_calculator", "-c", fixture.path("gvect.ini"))
    #expect(calculator.status == 1)
    #expect(
      calculator.errors.hasSuffix(
        "\(fixture.path("bin/many.bin")): found a place that \(reason); allowed: a file in a folder that"
          + " exists and may be written\n"))
    #expect(
      try fixture.names(in: "bin") == ["gvect_params.json"] && fixture.names(in: "log") == [])

    try fixture.write(ExtendedXYZ.encode(many), to: "in/many.xyz")
    let parser = try run(
      1, "exyz_parser", "-i", fixture.path("in"), "-o", fixture.path("out"), "--extxyz",
      fixture.path("all.xyz"))
    #expect(parser.status == 1 && parser.errors.contains(reason))
    #expect(try fixture.files(below: "out") == [] && !fixture.exists("all.xyz"))
  }
}
