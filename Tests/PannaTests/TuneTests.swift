import Foundation
import ProgramSupport
import Testing

@testable import panna

/// What `panna tune` makes of its measurements.
@Suite struct TuneTests {
  private static let tuning = Tuning(
    [
      .init(
        setting: .init(interOp: 1, intraOp: 1, readers: 1), stepsPerSecond: 10, waiting: 0.5),
      .init(
        setting: .init(interOp: 2, intraOp: 4, readers: 3), stepsPerSecond: 20, waiting: 0.1),
    ], standard: .init(interOp: 1, intraOp: 1, readers: 1))

  private static let best = """
    inter_op_parallelism_threads = 2
    intra_op_parallelism_threads = 4
    num_parallel_readers = 3
    num_parallel_calls = 3

    """

  /// What the configuration says of devices and memory stays when the section takes the place of its own.
  @Test func otherKeysOfTheSectionAreTakenOver() throws {
    let file = try IniFile(
      text: """
        [PARALLELIZATION]
        # with threads that were guessed
        device: gpu:0,
          gpu:1
        Num_Parallel_Readers = 7
        memory_budget = 500

        intra_op_parallelism_threads = 1
        slice_memory = 2
        [OTHER]
        slices = 3
        """, path: "train.ini", overrides: ["PARALLELIZATION.slice_memory=8"])
    let text = Self.tuning.section(in: file).text
    #expect(
      text == """
        [PARALLELIZATION]
        device = gpu:0,
          gpu:1
        memory_budget = 500
        slice_memory = 8

        """ + Self.best)
    let replaced = try IniFile(text: text, path: "train.ini").section("PARALLELIZATION")
    #expect(try replaced.string("device") == file.section("PARALLELIZATION").string("device"))
  }

  /// Minutes of measuring are not lost to a result that has no place.
  @Test func placesOfResultsAreCheckedBeforeItMeasures() throws {
    let workspace = try TrainingWorkspace()
    func message(_ configuration: String, _ output: String) -> String {
      do {
        try Tune.run(
          Tune.options.parse([
            "-c", "\(workspace.path)/\(configuration)", "-o", "\(workspace.path)/\(output)",
          ]))
        return "no error"
      } catch { return "\(error)".replacing(workspace.path + "/", with: "") }
    }
    try workspace.write("", "file")
    #expect(message("train.ini", "file") == "file: is a file, not a folder")
    try FileManager.default.createDirectory(
      atPath: "\(workspace.path)/out/tune.svg", withIntermediateDirectories: true)
    #expect(message("train.ini", "out") == "out/tune.svg: is a folder, not a file")
    let text = try workspace.text("train.ini")
    try workspace.write(text, "tune.ini")
    #expect(
      message("tune.ini", "")
        == "--output tune.ini: tune.ini is read and would be lost: name another place to write to"
    )
    #expect(try workspace.text("tune.ini").hasPrefix(text))
  }

  @Test func withoutSuchASectionItHasTheThreadsAlone() throws {
    let file = try IniFile(text: "[OTHER]\nslices = 3\n", path: "train.ini")
    #expect(Self.tuning.section(in: file).text == "[PARALLELIZATION]\n" + Self.best)
  }
}
