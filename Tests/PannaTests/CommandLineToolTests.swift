import Foundation
import Testing

@testable import ProgramSupport
@testable import panna

@Suite struct CommandLineToolTests {
  private static let executable = TrainTests.executable

  @Test(arguments: CommandLineTool.programs.map { $0.name })
  func everyProgramExplainsItself(name: String) throws {
    let program = try #require(CommandLineTool.programs.first { $0.name == name })
    let lines = program.help.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.first == "\(name): \(program.summary)")
    #expect(lines.contains("OPTIONS:") && lines.contains("EXAMPLE:"))
    #expect(program.help.contains("USAGE: panna \(name) [options]"))
    #expect(program.example.contains("panna \(name)"))
    #expect(!program.summary.hasSuffix(".") && !program.summary.isEmpty)
    for option in program.options.options where option.isInHelp {
      #expect(lines.contains { $0.contains(option.name) && $0.contains(option.help) })
    }
    #expect(lines.allSatisfy { $0.count <= 100 }, "\(lines.filter { $0.count > 100 })")
    #expect(CommandLineTool.help.contains("  \(name) "))
  }

  @Test func namesAreUnique() {
    let names = CommandLineTool.programs.map { $0.name }
    #expect(Set(names).count == names.count)
    for program in CommandLineTool.programs {
      let options = program.options.options
      #expect(Set(options.map(\.name)).count == options.count)
      let short = options.compactMap(\.short)
      #expect(Set(short).count == short.count)
    }
  }

  private static let statuses: [(arguments: [String], status: Int32)] = [
    (["--help"], 0), (["-h"], 0), (["--version"], 0), (["help"], 0), (["help", "train"], 0),
    (["train", "--help"], 0), (["train", "-h", "--unknown"], 0), ([], 2), (["trian"], 2),
    (["help", "trian"], 2), (["--unknown"], 2), (["train"], 2), (["train", "--confg", "a"], 2),
    (["train", "--config", "/nowhere/a.ini"], 2), (["train", "a", "--config", "b"], 2),
  ]

  @Test func exitStatuses() {
    for (arguments, status) in Self.statuses {
      #expect(CommandLineTool.run(arguments) == status, "\(arguments)")
    }
  }

  struct Run: Sendable {
    let arguments: [String]
    let status: Int32
    var output = ""
    var errors = ""
  }

  private static let runs = [
    Run(arguments: ["--version"], status: 0, output: "panna \(CommandLineTool.version)\n"),
    Run(arguments: ["--help"], status: 0, output: CommandLineTool.help + "\n"),
    Run(arguments: ["help", "tfr_packer"], status: 0, output: TFRPacker.help + "\n"),
    Run(arguments: ["tfr_packer", "--help"], status: 0, output: TFRPacker.help + "\n"),
    Run(arguments: [], status: 2, errors: "panna: which program? See panna --help\n"),
    Run(
      arguments: ["tfr_pakcer"], status: 2,
      errors: "panna: unknown program tfr_pakcer; did you mean tfr_packer? Programs: "
        + CommandLineTool.programs.map { $0.name }.joined(separator: ", ") + "\n"),
    Run(
      arguments: ["tfr_packer"], status: 2,
      errors: "panna: tfr_packer: -c, --config FILE is missing. See panna tfr_packer --help\n"),
    Run(
      arguments: ["tfr_packer", "--confg", "a.ini"], status: 2,
      errors: "panna: tfr_packer: unknown option --confg; did you mean --config? See panna"
        + " tfr_packer --help\n"),
    Run(
      arguments: ["tfr_packer", "-c", "/nowhere.ini"], status: 2,
      errors: "panna: tfr_packer: /nowhere.ini: cannot be read\n"),
  ]

  /// The executable itself: what it prints where, and how it exits.
  @Test(
    .enabled(if: FileManager.default.isExecutableFile(atPath: Self.executable)),
    .timeLimit(.minutes(10)),
    arguments: runs)
  func theExecutable(run: Run) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Self.executable)
    process.arguments = run.arguments
    let (out, error) = (Pipe(), Pipe())
    (process.standardOutput, process.standardError) = (out, error)
    try process.run()
    let found = out.fileHandleForReading.readDataToEndOfFile()
    let said = error.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(String(decoding: found, as: UTF8.self) == run.output)
    #expect(String(decoding: said, as: UTF8.self) == run.errors)
    #expect(process.terminationStatus == run.status)
  }
}
