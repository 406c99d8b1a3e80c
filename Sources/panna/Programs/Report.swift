import Dataflow
import Foundation
import ProgramSupport

/// Shows a training and what came of it on one page.
enum Report: Program {
  static let name = "report"
  static let summary = "shows training, errors and simulations on one HTML page"
  static let options = CommandLineOptions(
    [
      .init("--config", "-c", value: "FILE", help: "a configuration file instead of folders"), .set,
      .init(
        "--output", "-o", value: "FILE",
        help: "the page, *.html (report.html in the first folder); for folders"),
    ], operands: "[DIR...]")
  static let details = """
    DIR is a training's train_dir, an evaluation's eval_dir, or a folder with such folders in it: of a
    training the page shows the learning curves, what each species contributes, and what the
    operations of a step cost; of an evaluation the errors, their distribution and the worst structures.
    A training that logged nothing is no error where there is more to show.

    A configuration file says more:
    [REPORT]
      title                the page's heading
      output               the page, *.html; the numbers go into *.json beside it
      text                 an introduction; every line is a paragraph (none)
    [TRAINING]             optional: learning curves
      train_dir            folder of a training's events.out.tfevents.*
    [EVALUATION]           optional: errors of predictions
      eval_dir             folder that evaluate wrote; the newest <step>.dat and <step>_forces.dat
                           are shown in detail, older ones among the learning curves; energies
                           without offsets (add_offset = False) are not compared
      groups               list: how the names of groups of structures begin (none)
    [ENERGY_CONSERVATION]  optional: a panel for each key
      NAME                 the reference's and the networks' *_thermo.dat, separated by a comma
    [RADIAL_DISTRIBUTION]  optional: a panel for each key
      NAME                 the reference's and the networks' *_rdf.dat, separated by a comma
    [PAPER]                optional: numbers to compare with
      energy_rmse  energy_mae  energy_max                meV/atom
      force_rmse  force_mae  force_max                   eV/Å
      fraction_energy_above_5mev  fraction_force_above_0.3

    The numbers are also lines on standard output.
    """
  static let example = "  panna report train evaluation --output report.html"

  static func run(_ arguments: ParsedArguments) throws {
    let configuration = try configuration(arguments)
    let output = configuration.output
    let numbers = output.deletingPathExtension().appendingPathExtension("json")
    let file = arguments["--config"].map { URL(fileURLWithPath: $0) }
    let inputs = try configuration.inputs + [file].compactMap { $0 }
    for result in [output, numbers] {
      try result.check(replacesNoneOf: inputs, file == nil ? "--output" : "[REPORT] output")
    }
    let content = try ReportContent(configuration)
    try Folder.make(output.deletingLastPathComponent())
    try AtomicFile.write(Data(content.html.utf8), to: output)
    try AtomicFile.write(content.numbers.json, to: numbers)
    for line in content.lines { say(line) }
    say("report: \(output.path)")
  }

  private static func configuration(_ arguments: ParsedArguments) throws -> ReportConfiguration {
    let folders = arguments.operands.map { URL(fileURLWithPath: $0).standardizedFileURL }
    guard arguments.has("--config") else {
      guard let first = folders.first else {
        throw UsageError("which folders? Name some, or a configuration by --config FILE")
      }
      guard !arguments.has("--set") else {
        throw UsageError("--set changes a configuration file, which --config FILE names")
      }
      let output = arguments["--output"].map { URL(fileURLWithPath: $0) }
      if let output, !ReportConfiguration.isPage(output) {
        throw UsageError("--output \(output.relativePath): expected a path that ends in .html")
      }
      return try ReportConfiguration(
        folders: folders, output: output ?? first.appendingPathComponent("report.html"))
    }
    guard folders.isEmpty, !arguments.has("--output") else {
      throw UsageError(
        "with --config the file says which folders and which output: no DIR, no --output")
    }
    return try ReportConfiguration(arguments.configuration())
  }
}
