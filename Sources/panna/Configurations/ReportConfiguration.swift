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
    guard ["html", "htm"].contains(output.pathExtension.lowercased()) else {
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

  private static func pairs(_ section: IniSection) throws -> [Pair] {
    try section.keys.map { name in
      let files = try section.strings(name)
      guard files.count == 2 else {
        throw section.error(name, "two files separated by \",\": the reference's, the networks'")
      }
      let urls = files.map { URL(fileURLWithPath: NSString(string: $0).expandingTildeInPath) }
      return Pair(name: name, reference: urls[0], network: urls[1])
    }
  }

  private static func paper(_ section: IniSection) throws -> [(ErrorMeasure, Double)] {
    try section.keys.map { key in
      (ErrorMeasure(rawValue: key.lowercased())!, try section.double(key, atLeast: 0))
    }
  }
}
