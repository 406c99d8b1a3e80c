import Foundation
import ProgramSupport

/// One of `panna`'s programs.
protocol Program: Sendable {
  /// What it is called on the command line, as in the paper.
  static var name: String { get }
  /// One line for the list of programs.
  static var summary: String { get }
  /// What `--help` says below the summary: files, sections and keys.
  static var details: String { get }
  /// A command that works, and what it needs.
  static var example: String { get }
  static var options: CommandLineOptions { get }

  /// Does the work.
  ///
  /// - Throws: `UsageError` for what was wrongly asked for, any other error where the work failed.
  static func run(_ arguments: ParsedArguments) throws
}

extension Program {
  /// The text of `--help`.
  static var help: String {
    let operands = options.operands.map { " \($0)" } ?? ""
    return """
      \(name): \(summary)

      USAGE: panna \(name) [options]\(operands)

      OPTIONS:
      \(options.help)

      \(details)

      EXAMPLE:
      \(example)
      """
  }
}

extension CommandLineOptions.Option {
  /// The configuration file that most programs are run with.
  static let config = Self(
    "--config", "-c", value: "FILE",
    help: "the configuration file; its paths start in the current folder", isRequired: true)

  static let set = Self(
    "--set", value: "SECTION.key=value", help: "replaces a key of the configuration file",
    isRepeatable: true)
}

extension ParsedArguments {
  /// The configuration file with what `--set` replaced.
  func configuration() throws -> IniFile {
    try IniFile(path: self["--config"]!, overrides: all("--set"))
  }
}

/// Says something on standard output.
func say(_ line: String) { sayAll(line + "\n") }

/// Writes text to standard output. A program whose output is lost ends, as having failed.
func sayAll(_ text: String) {
  do {
    try FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
  } catch {
    warn("panna: standard output: cannot be written: \(SystemReason.of(error))")
    exit(1)
  }
}

/// Says something on standard error, where somebody listens.
func warn(_ line: String) {
  try? FileHandle.standardError.write(contentsOf: Data((line + "\n").utf8))
}
