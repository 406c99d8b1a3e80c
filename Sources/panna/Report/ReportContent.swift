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

/// What is said of a training that logged nothing, where there is more to show.
private struct SilentTrainingSection: ReportSection {
  let key = "training"
  let highlights: [HTMLReport.Highlight] = []
  let numbers = ReportValue.members([:])
  private let remark: String

  init(_ error: NothingLogged) {
    remark = "the event files hold \(error.found)"
  }

  func write(to page: inout HTMLReport) {
    page.section("Training")
    page.paragraph("Nothing is shown of the training: \(remark).")
  }

  var lines: [String] { ["Training: \(remark)"] }
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
      let place = sections.first is PaperSection ? 1 : 0
      do {
        let record = try TrainingRecord(folder: folder)
        sections.insert(TrainingSection(record, history: history), at: place)
        let parts: [(any ReportSection)?] = [SpeciesSection(record), CostSection(record.cost)]
        sections += parts.compactMap(\.self)
      } catch let error as NothingLogged where configuration.showsMoreThanTraining {
        sections.insert(SilentTrainingSection(error), at: place)
      }
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
