import Foundation
import ProgramSupport

/// Errors of evaluated structures: parity plots, histograms and tables.
struct EvaluationSection: ReportSection {
  let key = "evaluation"
  /// The errors of all structures.
  let all: GroupErrors
  /// The errors of all evaluated steps.
  let history: [EvaluationPoint]
  private let record: EvaluationRecord
  private let groups: [GroupErrors]
  private let prefixes: [String]
  private let worst: WorstStructures

  /// - Parameter prefixes: how the names of each group's structures begin.
  /// - Throws: `WorkError` with file and line, or for a group without structures.
  init(_ folder: URL, groups prefixes: [String]) throws {
    let results = try EvaluationFolder(folder).results
    let newest = results[results.count - 1]
    let record = try EvaluationRecord(newest)
    let all = record.errors("all")!
    let older = try results.dropLast().compactMap { files in
      try files.step.map {
        EvaluationPoint(step: $0, errors: try EvaluationRecord(files).errors("all")!)
      }
    }
    history = older + (record.step.map { [EvaluationPoint(step: $0, errors: all)] } ?? [])
    groups = try prefixes.map { prefix in
      if let errors = record.errors(prefix, where: { $0.hasPrefix(prefix) }) { return errors }
      throw WorkError(
        "\(newest.energies.path): no structure's name begins with \"\(prefix)\", one of groups;"
          + " the first is \"\(record.energies.groups[0].name)\"")
    }
    self.record = record
    self.all = all
    self.prefixes = prefixes
    worst = WorstStructures(record)
  }

  var highlights: [HTMLReport.Highlight] {
    [ErrorMeasure.energyRMSE, .forceRMSE].compactMap { measure in
      measure.value(in: all).map {
        HTMLReport.Highlight(
          measure.number($0), unit: measure.unit,
          label: "\(measure.title) of the evaluated structures")
      }
    }
  }

  func write(to page: inout HTMLReport) {
    page.section("Evaluation")
    page.paragraph(introduction)
    if let statistics = all.energy { write(energies: record.energies, statistics, to: &page) }
    if let forces = record.forces, let statistics = all.force {
      write(forces: forces, statistics, to: &page)
    }
    worst.write(to: &page)
  }

  private var introduction: String {
    let networks = record.step.map { "The networks after step \($0)" } ?? "The saved networks"
    let counts = [
      all.energy.map { ReportText.count($0.count, "energy", "energies") },
      all.force.map { "\($0.count) force components" },
    ].compactMap(\.self)
    let compared =
      counts.isEmpty ? [] : ["compared with \(counts.joined(separator: " and ")) of the reference"]
    let left = all.energy == nil ? [EvaluationReport.incomparableEnergies] : []
    return "\(networks), \((compared + left).joined(separator: "; "))."
  }

  private func write(
    energies: EvaluationRecord.Comparison, _ statistics: ErrorStatistics, to page: inout HTMLReport
  ) {
    page.table(table(ErrorMeasure.energies, count: ("structures", \.structures)))
    let figures = [
      parity(energies, "energy (eV/atom)", "Predicted energies beside the reference’s."),
      histogram(
        energies, scale: 1000, unit: "meV/atom", ErrorMeasure.energyThreshold, statistics, "energy",
        counted: "structures"),
    ]
    page.figures(figures.compactMap(\.self))
  }

  private func write(
    forces: EvaluationRecord.Comparison, _ statistics: ErrorStatistics, to page: inout HTMLReport
  ) {
    page.table(table(ErrorMeasure.forces, count: ("components", \.forceCount)))
    let figures = [
      parity(forces, "force (eV/Å)", "Predicted force components beside the reference’s."),
      histogram(
        forces, scale: 1, unit: "eV/Å", ErrorMeasure.forceThreshold, statistics, "force",
        counted: "components"),
    ]
    page.figures(figures.compactMap(\.self))
  }

  private func table(
    _ measures: [ErrorMeasure], count: (title: String, value: KeyPath<GroupErrors, Int>)
  ) -> HTMLReport.Table {
    let what = measures[0] == .energyRMSE ? "Energy" : "Force"
    return HTMLReport.Table(
      columns: [what, count.title] + measures.map(\.columnTitle),
      rows: ([all] + groups).map { group in
        [group.name, "\(group[keyPath: count.value])"]
          + measures.map { $0.number($0.value(in: group)) }
      })
  }

  // MARK: Figures

  /// The numbers of each group, those of no group last; one part without a name where there are none.
  private func parts(
    _ comparison: EvaluationRecord.Comparison
  ) -> [(name: String, comparison: EvaluationRecord.Comparison)] {
    guard !prefixes.isEmpty else { return [("", comparison)] }
    let named = prefixes.map { prefix in
      (prefix, comparison.filtered { $0.hasPrefix(prefix) })
    }
    let rest = comparison.filtered { name in !prefixes.contains { name.hasPrefix($0) } }
    return named + (rest.errors.isEmpty ? [] : [("others", rest)])
  }

  private func parity(
    _ comparison: EvaluationRecord.Comparison, _ quantity: String, _ caption: String
  ) -> HTMLReport.Figure {
    var plot = Plot(
      caption, x: PlotAxis("reference \(quantity)"), y: PlotAxis("predicted \(quantity)"))
    plot.showsIdentity = true
    plot.isSquare = true
    plot.series = parts(comparison).enumerated().map { index, part in
      PlotSeries(
        part.name, .dots, x: part.comparison.reference, y: part.comparison.predicted,
        colour: index + 1)
    }
    return HTMLReport.Figure(plot, caption: caption)
  }

  /// Nil where errors are larger than any axis is long.
  private func histogram(
    _ comparison: EvaluationRecord.Comparison, scale: Double, unit: String, _ threshold: Double,
    _ statistics: ErrorStatistics, _ quantity: String, counted: String
  ) -> HTMLReport.Figure? {
    let end = max(statistics.largest, 1.2 * threshold)
    guard end <= PlotAxis.largest else { return nil }
    // Bins that show the shape of the bulk, but not more of them than can be seen.
    let bins = min(max(Int(6 * end / max(statistics.rmse, 1e-3 * end)), 24), 160) / 2 * 2 + 1
    let caption =
      "Errors of the \(quantity) (predicted minus reference), counted in steps of"
      + " \(ReportText.number(2 * end / Double(bins))) \(unit); dashed: ±\(String(format: "%g", threshold)) \(unit)."
    var plot = Plot(
      caption, x: PlotAxis("\(quantity) error (\(unit))"),
      y: PlotAxis(counted, scale: .logarithmic))
    plot.isSquare = true
    plot.guides = [-threshold, threshold]
    plot.series = parts(comparison).enumerated().map { index, part in
      var series = PlotSeries.histogram(
        part.name, of: part.comparison.errors.map { $0 * scale }, in: -end...end, bins: bins)
      series.colour = index + 1
      return series
    }
    return HTMLReport.Figure(plot, caption: caption)
  }

  // MARK: Numbers

  var lines: [String] {
    ([all] + groups).flatMap { group -> [String] in
      func line(_ count: String, _ errors: String) -> String {
        "Evaluation (\(group.name), \(count)): \(errors)"
      }
      let energies = line(
        ReportText.count(group.structures, "structure", "structures"),
        group.energy == nil
          ? EvaluationReport.incomparableEnergies : describe(group, ErrorMeasure.energies))
      guard let forces = group.force else { return [energies] }
      let components = ReportText.count(forces.count, "component", "components")
      return [energies, line(components, describe(group, ErrorMeasure.forces))]
    }
  }

  private func describe(_ group: GroupErrors, _ measures: [ErrorMeasure]) -> String {
    measures.map { "\($0.title) \($0.text($0.value(in: group)))" }.joined(separator: ", ")
  }

  var numbers: ReportValue {
    var members = ["all": numbers(all), "worst": worst.numbers]
    if let step = record.step { members["step"] = .number(Double(step)) }
    if !groups.isEmpty {
      members["groups"] = .members(
        Dictionary(groups.map { ($0.name, numbers($0)) }) { first, _ in first })
    }
    return .members(members)
  }

  private func numbers(_ group: GroupErrors) -> ReportValue {
    var members = ["structures": ReportValue.number(Double(group.structures))]
    if group.force != nil { members["force_components"] = .number(Double(group.forceCount)) }
    for measure in ErrorMeasure.allCases {
      members[measure.rawValue] = measure.value(in: group).map { .number($0) }
    }
    return .members(members)
  }
}

extension GroupErrors {
  fileprivate var forceCount: Int { force?.count ?? 0 }
}
