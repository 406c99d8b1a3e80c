import Foundation
import Testing

@testable import panna

/// The executable run as nobody where the tests run as root, who may read everything.
private enum AnotherUser {
  private static var prefix: [String] {
    geteuid() == 0
      ? ["/usr/bin/setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
      : ["/usr/bin/env"]
  }

  static let canRun = {
    FileManager.default.isExecutableFile(atPath: TrainTests.executable)
      && (try? run(["--version"]).status) == 0
  }()

  static func run(_ arguments: [String]) throws -> (status: Int32, errors: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: prefix[0])
    process.arguments = prefix.dropFirst() + [TrainTests.executable] + arguments
    let pipe = Pipe()
    (process.standardError, process.standardOutput) = (pipe, FileHandle.nullDevice)
    try process.run()
    let said = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: said, as: UTF8.self))
  }
}

/// Folders and files that may not be read: the programs say which, and make nothing.
@Suite(
  .enabled(if: AnotherUser.canRun, "cannot run as another user"), .timeLimit(.minutes(10)))
struct UnreadableInputTests {
  private static let gvect = """
    [IO_INFORMATION]
    input_json_dir = FOLDER/closed
    output_gvect_dir = FOLDER/out
    log_dir = FOLDER/out
    [PARALLELIZATION]
    number_of_process = 1
    [SYMMETRY_FUNCTION]
    type = mBP
    species = H
    [GVECT_PARAMETERS]
    eta_rad = 4
    Rc_rad = 3
    Rs0_rad = 0.5
    RsN_rad = 2
    eta_ang = 4
    Rc_ang = 3
    Rs0_ang = 0.5
    RsN_ang = 2
    zeta = 4
    ThetasN = 2
    """

  private static let train = """
    [IO_INFORMATION]
    data_dir = FOLDER/closed
    train_dir = FOLDER/out
    log_dir = FOLDER/out
    [DATA_INFORMATION]
    atomic_sequence = H
    [TRAINING_PARAMETERS]
    batch_size = 1
    max_steps = 1
    learning_rate = 0.01
    [DEFAULT_NETWORK]
    g_size = 8
    architecture = 2:1
    """

  private static let packer = """
    [IO_INFORMATION]
    input_dir = FOLDER/closed
    output_dir = FOLDER/out
    """

  private static let evaluate = """
    [IO_INFORMATION]
    train_dir = FOLDER/out
    data_dir = FOLDER/closed
    eval_dir = FOLDER/out
    """

  private static let extract = """
    [IO_INFORMATION]
    train_dir = FOLDER/closed
    output_dir = FOLDER/out
    step_number = 1
    """

  @Test(arguments: [
    (["gvect_calculator", "-c", "gvect.ini"], "closed: cannot be read: Permission denied"),
    (["tfr_packer", "-c", "tfr.ini"], "closed: cannot be read: Permission denied"),
    (["train", "-c", "train.ini"], "closed: cannot be read: Permission denied"),
    (["evaluate", "-c", "evaluate.ini"], "closed: cannot be read: Permission denied"),
    (["extract_weights", "-c", "extract.ini"], "closed: cannot be read: Permission denied"),
    (["train", "-c", "closed.ini"], "closed.ini: cannot be read"),
    (["qe_parser", "-i", "closed", "-o", "out"], "closed: cannot be read: Permission denied"),
    (["vasp_parser", "-i", "closed", "-o", "out"], "closed: cannot be read: Permission denied"),
    (["exyz_parser", "-i", "open", "-o", "out"], "open/a.xyz: "),
    (["ani_parser", "-i", "closed", "-o", "out"], "closed: cannot be read: Permission denied"),
    (["json2axsf", "-i", "closed", "-o", "out"], "closed: cannot be read: Permission denied"),
    (["gvect_writer", "-s", "closed", "-o", "out"], "closed: cannot be read: Permission denied"),
    (
      ["gvect_param_check", "-c", "gvect.ini", "-e", "closed", "-o", "out"],
      "closed: cannot be read: Permission denied"
    ),
    (["predict", "-p", "stillinger-weber", "open/a.xyz"], "open/a.xyz: "),
    (["report", "closed", "-o", "out/report.html"], "closed: cannot be read"),
    (["inspect", "open/a.xyz"], "open/a.xyz: "),
  ])
  func whatMayNotBeReadIsNamed(arguments: [String], reason: String) throws {
    let fixture = try ProgramFixture()
    for (name, text) in [
      ("gvect.ini", Self.gvect), ("tfr.ini", Self.packer), ("train.ini", Self.train),
      ("evaluate.ini", Self.evaluate), ("extract.ini", Self.extract), ("closed.ini", Self.train),
      ("closed/a", ""), ("open/a.xyz", "1"),
    ] { try fixture.write(text, to: name) }
    try FileManager.default.createDirectory(
      at: fixture.url("out"), withIntermediateDirectories: true)
    for (name, mode) in [
      ("closed.ini", 0), ("closed", 0), ("open/a.xyz", 0), ("out", 0o777), ("open", 0o755),
      (".", 0o755),
    ] { #expect(chmod(fixture.path(name), mode_t(mode)) == 0) }
    defer { chmod(fixture.path("closed"), 0o700) }
    let places = ["closed", "open", "out", "closed.ini"]
    let result = try AnotherUser.run(
      arguments.map { word in
        places.contains { word == $0 || word.hasPrefix($0 + "/") } || word.hasSuffix(".ini")
          ? fixture.path(word) : word
      })
    let said = result.errors.replacing(fixture.folder.path + "/", with: "")
    #expect(result.status == 1 || (result.status == 2 && said.contains("closed.ini")), "\(said)")
    #expect(said.contains(reason), "\(said)")
    #expect(try fixture.files(below: "out") == [])
  }
}
