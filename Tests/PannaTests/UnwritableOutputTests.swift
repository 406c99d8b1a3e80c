import Atomistics
import Foundation
import Testing

@testable import panna

/// The program itself where its output cannot be written: what it says, and that it leaves nothing.
@Suite(
  .enabled(if: FileManager.default.isExecutableFile(atPath: TrainTests.executable)),
  .timeLimit(.minutes(20)))
struct UnwritableOutputTests {
  /// What a shell's line with `panna` in it came to.
  private func run(_ line: String, _ fixture: ProgramFixture) throws -> (
    status: Int32, errors: String
  ) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", line]
    process.currentDirectoryURL = fixture.folder
    process.environment = ProcessInfo.processInfo.environment.merging(
      ["PANNA": TrainTests.executable, "SWIFT_BACKTRACE": "enable=no"]) { $1 }
    let errors = Pipe()
    process.standardOutput = FileHandle.nullDevice
    process.standardError = errors
    try process.run()
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationReason == .exit, "\(line)")
    // Progress is not what the tests are about.
    let lines = text.split(separator: "\n").filter { $0.contains(": ") && !$0.contains("/s, ") }
    return (
      process.terminationStatus,
      lines.joined(separator: "\n").replacing(fixture.folder.path + "/", with: "")
    )
  }

  private func makeFixture() throws -> ProgramFixture {
    let fixture = try ProgramFixture()
    try fixture.write(WrongStructuresTests.example, to: "1.example")
    try fixture.write(WrongStructuresTests.descriptors, to: "gvect.ini")
    try fixture.write(WrongStructuresTests.dynamics, to: "md.ini")
    try fixture.write("x", to: "file")
    let described = try TrainingWorkspace.clusters(1)[0]
    try DescriptorFile.write(described, to: fixture.url("1.bin"), derivatives: .dense)
    let report = try ReportFixture()
    try report.writeEvaluation()
    try FileManager.default.copyItem(at: report.files.url("eval"), to: fixture.url("eval"))
    return fixture
  }

  /// Each program, `FOLDER` being a folder, and the file that is too large for the limit.
  private static let programs = [
    ("$PANNA json2axsf -i 1.example -o FOLDER", "animation.axsf"),
    ("$PANNA gvect_param_check -c gvect.ini -o FOLDER", "radial.svg"),
    ("$PANNA gvect_writer -s 1.bin -o FOLDER", "1.bin_plain.dat"),
    ("$PANNA report eval -o FOLDER/page.html", "page.html"),
    ("$PANNA md -c md.ini --set OUTPUT.directory=FOLDER", ""),
  ]

  @Test("a folder that cannot be made is named with the reason", arguments: programs)
  func folders(line: String, file: String) throws {
    let fixture = try makeFixture()
    let before = try fixture.names(in: "")
    for (folder, reason) in [
      ("file", "is a file, not a folder"),
      ("/proc/out", "cannot be made: No such file or directory"),
    ] {
      let found = try run(line.replacing("FOLDER", with: folder), fixture)
      #expect(found.status == 1)
      let program = line.split(separator: " ")[1]
      #expect(
        found.errors == "panna: \(program): \(folder): \(reason)")
    }
    #expect(try fixture.names(in: "") == before)
  }

  /// The limit stands for a full disk: the system refuses to write on.
  @Test(
    "a full disk is an error with a message, and nothing half written is left", arguments: programs)
  func fullDisk(line: String, file: String) throws {
    let fixture = try makeFixture()
    let found = try run("ulimit -f 0; " + line.replacing("FOLDER", with: "out"), fixture)
    #expect(found.status == 1)
    if file.isEmpty {
      #expect(found.errors.contains("cannot be written: File too large"), "\(found.errors)")
      #expect(
        found.errors.hasSuffix("panna: md: 1 of 1 runs failed: md_T300_r1"), "\(found.errors)")
    } else {
      #expect(
        found.errors.contains("out/\(file): ")
          && found.errors.contains("cannot be written: File too large"), "\(found.errors)")
    }
    #expect(try fixture.names(in: "out").isEmpty)
  }

  @Test("output that nobody can take is an error, not a crash")
  func standardOutput() throws {
    let fixture = try makeFixture()
    for line in [
      "$PANNA --help", "$PANNA inspect 1.bin", "$PANNA predict -p stillinger-weber 1.example",
      "$PANNA gvect_param_check -c gvect.ini",
    ] {
      let found = try run("\(line) >/dev/full", fixture)
      #expect(found.status == 1, "\(line)")
      #expect(
        found.errors == "panna: standard output: cannot be written: No space left on device",
        "\(line): \(found.errors)")
    }
    // Nobody listens to messages either.
    #expect(try run("$PANNA inspect absent 2>/dev/full", fixture).status == 1)
  }

  @Test("predict looks for the folder before it computes, and leaves nothing on a full disk")
  func predictions() throws {
    let fixture = try makeFixture()
    let line = "$PANNA predict -p stillinger-weber 1.example -o "
    var found = try run(line + "nowhere/out.xyz", fixture)
    #expect(found.status == 2)
    #expect(
      found.errors
        == "panna: predict: --output nowhere/out.xyz: there is no such folder to write it to")
    let before = try fixture.names(in: "")
    for name in ["out.xyz", "out.json"] {
      found = try run("ulimit -f 0; \(line)\(name)", fixture)
      #expect(found.status == 1)
      #expect(found.errors.contains("\(name): "), "\(found.errors)")
      #expect(found.errors.contains("cannot be written: File too large"), "\(found.errors)")
    }
    #expect(try fixture.names(in: "") == before)
  }
}
