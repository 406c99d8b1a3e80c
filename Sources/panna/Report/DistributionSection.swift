import ProgramSupport

/// Radial distribution functions under the reference and under the networks.
struct DistributionSection: ReportSection {
  private struct Panel {
    let name: String
    let reference: DistributionRecord
    let network: DistributionRecord

    var difference: Double? { network.difference(from: reference) }
  }

  let key = "radial_distribution"
  let highlights: [HTMLReport.Highlight] = []
  private let panels: [Panel]

  /// - Throws: `WorkError` with file and line.
  init(_ pairs: [ReportConfiguration.Pair]) throws {
    panels = try pairs.map {
      Panel(
        name: $0.name, reference: try DistributionRecord($0.reference),
        network: try DistributionRecord($0.network))
    }
  }

  func write(to page: inout HTMLReport) {
    page.section("Radial distribution")
    page.figures(panels.map(figure))
    page.table(
      HTMLReport.Table(
        columns: [
          "", "peak, reference (Å)", "peak, network (Å)", "height, reference", "height, network",
          "RMS difference of g",
        ],
        rows: panels.map { panel in
          let (reference, network) = (panel.reference.highestPeak, panel.network.highestPeak)
          let numbers = [reference.distance, network.distance, reference.value, network.value]
          return [panel.name]
            + (numbers + [panel.difference]).map { number in
              number.map(ReportText.number) ?? "–"
            }
        }))
  }

  private func figure(_ panel: Panel) -> HTMLReport.Figure {
    var plot = Plot(
      "Radial distribution, \(panel.name)", x: PlotAxis("r (Å)"),
      y: PlotAxis("g(r)", includesZero: true))
    plot.series = [
      PlotSeries(
        "reference", .line, x: panel.reference.distances, y: panel.reference.values, colour: 0),
      PlotSeries("network", .dots, x: panel.network.distances, y: panel.network.values, colour: 1),
    ]
    return HTMLReport.Figure(plot, caption: "\(panel.name): radial distribution function.")
  }

  var lines: [String] {
    panels.map { panel in
      let (reference, network) = (panel.reference.highestPeak, panel.network.highestPeak)
      let difference = panel.difference.map { ", RMS difference \(ReportText.number($0))" } ?? ""
      return "Radial distribution (\(panel.name)): highest peak at"
        + " \(ReportText.number(reference.distance)) Å in the reference,"
        + " \(ReportText.number(network.distance)) Å with the network\(difference)"
    }
  }

  var numbers: ReportValue {
    let members = panels.map { panel -> (String, ReportValue) in
      let (reference, network) = (panel.reference.highestPeak, panel.network.highestPeak)
      var numbers: [String: ReportValue] = [
        "peak_reference_angstrom": .number(reference.distance),
        "peak_network_angstrom": .number(network.distance),
        "height_reference": .number(reference.value), "height_network": .number(network.value),
      ]
      numbers["rms_difference"] = panel.difference.map { .number($0) }
      return (panel.name, .members(numbers))
    }
    return .members(Dictionary(uniqueKeysWithValues: members))
  }
}
