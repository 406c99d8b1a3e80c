import Dataflow
import Foundation
import ProgramSupport

/// Shows a training and what came of it on one page.
enum Report: Program {
  static let name = "report"
  static let summary = "shows training, errors and simulations on one HTML page"
  static let options = CommandLineOptions([.config, .set])
  static let details = """
    [REPORT]
      title                the page's heading
      output               the page, *.html; the numbers go into *.json beside it
      text                 an introduction; every line is a paragraph (none)
    [TRAINING]             optional: learning curves
      train_dir            folder of a training's events.out.tfevents.*
    [EVALUATION]           optional: errors of predictions
      eval_dir             folder that evaluate wrote; the newest <step>.dat and <step>_forces.dat
                           are shown in detail, older ones among the learning curves
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
  static let example = "  panna report --config report.ini"

  static func run(_ arguments: ParsedArguments) throws {
    let configuration = try ReportConfiguration(arguments.configuration())
    let content = try ReportContent(configuration)
    let output = configuration.output
    try FileManager.default.createDirectory(
      at: output.deletingLastPathComponent(), withIntermediateDirectories: true)
    try AtomicFile.write(
      content.numbers.json, to: output.deletingPathExtension().appendingPathExtension("json"))
    try AtomicFile.write(Data(content.html.utf8), to: output)
    for line in content.lines { say(line) }
    say("report: \(output.path)")
  }
}
