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

  @Test func withoutSuchASectionItHasTheThreadsAlone() throws {
    let file = try IniFile(text: "[OTHER]\nslices = 3\n", path: "train.ini")
    #expect(Self.tuning.section(in: file).text == "[PARALLELIZATION]\n" + Self.best)
  }
}
