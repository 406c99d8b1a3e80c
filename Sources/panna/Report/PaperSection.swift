import ProgramSupport

/// What was reached beside what a paper reports.
struct PaperSection: ReportSection {
  let key = "paper"
  let highlights: [HTMLReport.Highlight] = []
  private let rows: [(measure: ErrorMeasure, reached: Double?, paper: Double)]

  init(_ errors: GroupErrors, _ paper: [(measure: ErrorMeasure, value: Double)]) {
    rows = paper.map { ($0.measure, $0.measure.value(in: errors), $0.value) }
  }

  func write(to page: inout HTMLReport) {
    page.section("Beside the paper’s numbers")
    page.table(
      HTMLReport.Table(
        columns: ["", "reached", "paper"],
        rows: rows.map {
          [$0.measure.title, $0.measure.text($0.reached), $0.measure.quoted($0.paper)]
        }))
  }

  var lines: [String] {
    rows.map {
      "\($0.measure.title): \($0.measure.text($0.reached)), paper \($0.measure.quoted($0.paper))"
    }
  }

  var numbers: ReportValue {
    let members = rows.map { row -> (String, ReportValue) in
      var pair = ["paper": ReportValue.number(row.paper)]
      pair["reached"] = row.reached.map { .number($0) }
      return (row.measure.rawValue, .members(pair))
    }
    return .members(Dictionary(uniqueKeysWithValues: members))
  }
}
