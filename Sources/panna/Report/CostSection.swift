import Dataflow
import Foundation
import ProgramSupport

/// What the operations of one step of a training cost: by kind, and the most expensive ones by name.
struct CostSection: ReportSection {
  /// The sum of some operations.
  private struct Cost {
    let name: String
    /// What kind of operation it is.
    let operation: String
    var count = 0
    var nanoseconds = 0
    var flops = 0
    var bytes = 0

    init(_ name: String, _ operation: String, of steps: [RunMetadata.Step]) {
      (self.name, self.operation) = (name, operation)
      for step in steps {
        count += 1
        nanoseconds += Int(step.nanoseconds)
        flops += step.flops ?? 0
        bytes += step.bytes ?? 0
      }
    }

    var microseconds: Double { Double(nanoseconds) / 1000 }
    /// What goes on in a nanosecond are thousands of millions a second.
    var flopRate: Double { Double(flops) / Double(max(1, nanoseconds)) }
    var byteRate: Double { Double(bytes) / Double(max(1, nanoseconds)) }
  }

  let key = "cost"
  let highlights: [HTMLReport.Highlight] = []
  private let step: Int
  /// From the beginning of the first operation to the end of the last.
  private let elapsed: Double
  private let kinds: [Cost]
  private let nodes: [Cost]
  private let total: Cost

  /// How many operations are listed by name.
  private static let nodeCount = 12

  /// Nil where nothing was recorded.
  init?(_ record: EventRunMetadata?) {
    guard let record else { return nil }
    let steps = record.metadata.devices.flatMap(\.steps)
    guard let start = steps.map(\.startNanoseconds).min(),
      let end = steps.map({ $0.startNanoseconds + $0.nanoseconds }).max()
    else { return nil }
    step = record.step
    elapsed = Double(end - start) / 1000
    total = Cost("all", "all", of: steps)
    kinds = Self.costs(steps) { Self.operation($0) }
    nodes = Array(Self.costs(steps, by: \.node).prefix(Self.nodeCount))
  }

  /// The operations of each name, the most expensive first.
  private static func costs(
    _ steps: [RunMetadata.Step], by name: (RunMetadata.Step) -> String
  ) -> [Cost] {
    Dictionary(grouping: steps, by: name)
      .map { Cost($0, operation($1[0]), of: $1) }
      .sorted { ($0.nanoseconds, $1.name) > ($1.nanoseconds, $0.name) }
  }

  private static func operation(_ step: RunMetadata.Step) -> String {
    step.operation.map(String.init) ?? step.node
  }

  func write(to page: inout HTMLReport) {
    page.section("Cost of a step")
    page.paragraph(
      "The \(ReportText.count(total.count, "operation", "operations")) of step \(step) took"
        + " \(ReportText.number(elapsed)) µs from the beginning of the first to the end of the last,"
        + " and \(ReportText.number(total.microseconds)) µs added up. Bytes are those of all inputs"
        + " and outputs, whether they came from memory or from a cache.")
    page.table(
      HTMLReport.Table(
        columns: ["operation", "times"] + Self.columns,
        rows: (kinds + [total]).map { ["\($0.name)", "\($0.count)"] + cells($0) }))
    page.subsection("The most expensive operations")
    page.table(
      HTMLReport.Table(
        columns: ["operation", "node"] + Self.columns,
        rows: nodes.map { [$0.operation, $0.name] + cells($0) }, textColumns: 2))
  }

  private static let columns = ["time (µs)", "share", "GFLOP/s", "GB/s"]

  private func cells(_ cost: Cost) -> [String] {
    [
      ReportText.number(cost.microseconds), String(format: "%.1f %%", 100 * share(cost)),
      cost.flops == 0 ? "–" : ReportText.number(cost.flopRate), ReportText.number(cost.byteRate),
    ]
  }

  private func share(_ cost: Cost) -> Double {
    Double(cost.nanoseconds) / Double(max(1, total.nanoseconds))
  }

  var lines: [String] {
    let parts = kinds.prefix(3).map {
      "\($0.name) \(String(format: "%.0f %%", 100 * share($0)))"
    }
    return [
      "Cost of step \(step): \(ReportText.number(elapsed)) µs for"
        + " \(ReportText.count(total.count, "operation", "operations")), of their time"
        + " \(parts.joined(separator: ", "))"
    ]
  }

  var numbers: ReportValue {
    .members([
      "step": .number(Double(step)), "elapsed_microseconds": .number(elapsed),
      "all": numbers(total), "operations": numbers(kinds), "nodes": numbers(nodes),
    ])
  }

  private func numbers(_ costs: [Cost]) -> ReportValue {
    .members(Dictionary(uniqueKeysWithValues: costs.map { ($0.name, numbers($0)) }))
  }

  private func numbers(_ cost: Cost) -> ReportValue {
    .members([
      "times": .number(Double(cost.count)), "microseconds": .number(cost.microseconds),
      "flops": .number(Double(cost.flops)), "bytes": .number(Double(cost.bytes)),
    ])
  }
}
