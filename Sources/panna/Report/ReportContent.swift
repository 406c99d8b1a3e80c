import Foundation
import ProgramSupport

/// One part of a report: on the page, as lines of text, and as numbers.
protocol ReportSection {
  /// What the part is called among the numbers.
  var key: String { get }
  /// The numbers in large type at the top of the page.
  var highlights: [HTMLReport.Highlight] { get }
  func write(to page: inout HTMLReport)
  var lines: [String] { get }
  var numbers: ReportValue { get }
}

/// All that a report says.
struct ReportContent {
  let title: String
  let text: String
  let sections: [any ReportSection]

  /// Reads all files that the configuration names.
  ///
  /// - Throws: errors that name file and line.
  init(_ configuration: ReportConfiguration) throws {
    title = configuration.title
    text = configuration.text
    var sections: [any ReportSection] = []
    var history: [EvaluationPoint] = []
    if let folder = configuration.evaluationDirectory {
      let evaluation = try EvaluationSection(folder, groups: configuration.groups)
      history = evaluation.history
      if !configuration.paper.isEmpty {
        sections.append(PaperSection(evaluation.all, configuration.paper))
      }
      sections.append(evaluation)
    }
    if let folder = configuration.trainDirectory {
      let record = try TrainingRecord(folder: folder)
      let training = TrainingSection(record, history: history)
      sections.insert(training, at: sections.first is PaperSection ? 1 : 0)
      let parts: [(any ReportSection)?] = [SpeciesSection(record), CostSection(record.cost)]
      sections += parts.compactMap(\.self)
    }
    if !configuration.conservation.isEmpty {
      sections.append(try ConservationSection(configuration.conservation))
    }
    if !configuration.distributions.isEmpty {
      sections.append(try DistributionSection(configuration.distributions))
    }
    self.sections = sections
  }

  /// The page as text.
  var html: String {
    var page = HTMLReport(title: title)
    page.paragraph(text)
    let highlights = sections.flatMap(\.highlights)
    if !highlights.isEmpty { page.highlights(highlights) }
    for section in sections { section.write(to: &page) }
    return page.html
  }

  /// All numbers by the names of their sections.
  var numbers: ReportValue {
    let members = sections.map { ($0.key, $0.numbers) } + [("title", .text(title))]
    return .members(Dictionary(uniqueKeysWithValues: members))
  }

  /// The numbers in plain text.
  var lines: [String] { sections.flatMap(\.lines) }
}
