import Dataflow
import Foundation
import ProgramSupport

/// What `report` reads from its configuration file.
struct ReportConfiguration {
  /// Two files of the same kind: one of the reference, one of the networks.
  struct Pair: Equatable {
    let name: String
    let reference: URL
    let network: URL
  }

  let title: String
  let text: String
  /// Where the page goes; the numbers go beside it.
  let output: URL
  let trainDirectory: URL?
  let evaluationDirectory: URL?
  /// How the names of groups of structures begin.
  let groups: [String]
  let conservation: [Pair]
  let distributions: [Pair]
  /// The numbers of other work, in the order of the file.
  let paper: [(measure: ErrorMeasure, value: Double)]

  /// Whether there is a page without the training too.
  var showsMoreThanTraining: Bool {
    evaluationDirectory != nil || !conservation.isEmpty || !distributions.isEmpty
  }

  /// What the page is made of, as far as it or its numbers may have such names.
  ///
  /// - Throws: `WorkError` where there is no evaluation in its folder.
  var inputs: [URL] {
    get throws {
      let results = try evaluationDirectory.map { try EvaluationFolder($0).results } ?? []
      return results.map { EvaluationQuestion.file(beside: $0.energies) }
        + (conservation + distributions).flatMap { [$0.reference, $0.network] }
    }
  }

  private static let known = [
    "REPORT": ["title", "output", "text"],
    "TRAINING": ["train_dir"],
    "EVALUATION": ["eval_dir", "groups"],
    "PAPER": ErrorMeasure.allCases.map(\.rawValue),
  ]

  init(_ file: IniFile) throws {
    // Panels are named by their keys, which may therefore be any.
    let panels = ["ENERGY_CONSERVATION", "RADIAL_DISTRIBUTION"]
    let free = panels.map { ($0, file.optionalSection($0).keys) }
    try file.check(known: Self.known.merging(free) { first, _ in first })
    let report = try file.section("REPORT")
    title = try report.string("title")
    text = report.has("text") ? try report.string("text") : ""
    output = try report.url("output")
    guard Self.isPage(output) else {
      throw report.error("output", "a path that ends in .html")
    }
    trainDirectory = try file["TRAINING"].map { try $0.url("train_dir") }
    let evaluation = file["EVALUATION"]
    evaluationDirectory = try evaluation.map { try $0.url("eval_dir") }
    groups = try evaluation?.strings("groups", default: []) ?? []
    conservation = try Self.pairs(file.optionalSection(panels[0]))
    distributions = try Self.pairs(file.optionalSection(panels[1]))
    paper = try Self.paper(file.optionalSection("PAPER"))
    if evaluation == nil, let first = paper.first {
      throw file.optionalSection("PAPER").error(
        first.measure.rawValue, "a section [EVALUATION] to compare with")
    }
  }

  /// What stands in folders, each of a training, of an evaluation, or with such ones in it.
  ///
  /// - Throws: `WorkError` for a folder with nothing to show, `UsageError` where two would be the same part.
  init(folders: [URL], output: URL) throws {
    var (training, evaluation): (URL?, URL?)
    for folder in folders {
      let found = try FolderContents(folder)
      for folder in found.trainings { try Self.set(&training, folder, "a training") }
      for folder in found.evaluations { try Self.set(&evaluation, folder, "an evaluation") }
    }
    title = folders.map(\.lastPathComponent).joined(separator: ", ")
    text = ""
    self.output = output
    (trainDirectory, evaluationDirectory) = (training, evaluation)
    (groups, conservation, distributions, paper) = ([], [], [], [])
  }

  private static func set(_ folder: inout URL?, _ found: URL, _ kind: String) throws {
    if let folder, folder.resolvingSymlinksInPath() != found.resolvingSymlinksInPath() {
      throw UsageError(
        "both \(folder.path) and \(found.path) are of \(kind); a page shows one of each")
    }
    folder = folder ?? found
  }

  /// Whether the name is that of a page.
  static func isPage(_ file: URL) -> Bool {
    ["html", "htm"].contains(file.pathExtension.lowercased())
  }

  private static func pairs(_ section: IniSection) throws -> [Pair] {
    try section.keys.map { name in
      let files = try section.strings(name)
      guard files.count == 2 else {
        throw section.error(name, "two files separated by \",\": the reference's, the networks'")
      }
      let urls = files.map { URL(configuredPath: $0) }
      return Pair(name: name, reference: urls[0], network: urls[1])
    }
  }

  private static func paper(_ section: IniSection) throws -> [(ErrorMeasure, Double)] {
    try section.keys.map { key in
      (ErrorMeasure(rawValue: key.lowercased())!, try section.double(key, atLeast: 0))
    }
  }
}

/// The trainings and evaluations in a folder: the folder itself and those in it.
private struct FolderContents {
  let trainings: [URL]
  let evaluations: [URL]

  init(_ folder: URL) throws {
    let inside = try FolderListing.names(in: folder).sorted().map(folder.appendingPathComponent)
    // A folder among others that may not be read is of no interest here.
    let readable = inside.filter {
      FolderListing.isFolder($0) && (try? FolderListing.names(in: $0)) != nil
    }
    let candidates = [folder] + readable
    trainings = try candidates.filter { try !EventReader.files(in: $0).isEmpty }
    evaluations = try candidates.filter {
      EvaluationFolder.isThere(among: try FolderListing.names(in: $0))
    }
    guard !trainings.isEmpty || !evaluations.isEmpty else {
      throw WorkError(
        "\(folder.path): there is neither events.out.tfevents.* of a training nor <step>.dat or"
          + " energies.dat of an evaluation, nor a folder with them")
    }
  }
}
