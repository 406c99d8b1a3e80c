import ProgramSupport

/// The total energy of simulations under the reference and under the networks.
struct ConservationSection: ReportSection {
  private struct Panel {
    let name: String
    let reference: ThermoRecord
    let network: ThermoRecord

    var records: [(name: String, record: ThermoRecord)] {
      [("reference", reference), ("network", network)]
    }
    /// How much higher the networks' mean energy is, in meV.
    var offset: Double { 1000 * (network.meanEnergy - reference.meanEnergy) }
  }

  let key = "energy_conservation"
  private let panels: [Panel]

  /// - Throws: `WorkError` with file and line.
  init(_ pairs: [ReportConfiguration.Pair]) throws {
    panels = try pairs.map { pair in
      let reference = try ThermoRecord(pair.reference)
      let network = try ThermoRecord(pair.network)
      guard network.atoms == reference.atoms else {
        throw WorkError(
          "\(pair.network.path):1: found atoms=\(network.atoms); expected"
            + " atoms=\(reference.atoms) as in \(pair.reference.path)")
      }
      return Panel(name: pair.name, reference: reference, network: network)
    }
  }

  var highlights: [HTMLReport.Highlight] {
    panels.map {
      HTMLReport.Highlight(
        ReportText.number($0.network.drift), unit: "meV/atom/ps",
        label: "Energy drift of the network, \($0.name)")
    }
  }

  func write(to page: inout HTMLReport) {
    page.section("Conservation of energy")
    page.paragraph(
      "The total energy of each simulation minus its mean. The drift is the slope of the straight line"
        + " through the energies.")
    page.figures(panels.map(figure))
    page.table(
      HTMLReport.Table(
        columns: [
          "", "potential", "atoms", "time (ps)", "mean temperature (K)",
          "standard deviation (meV/atom)", "drift (meV/atom/ps)",
        ], rows: panels.flatMap(rows), textColumns: 2))
  }

  private func figure(_ panel: Panel) -> HTMLReport.Figure {
    var plot = Plot(
      "Total energy, \(panel.name)", x: PlotAxis("time (ps)"),
      y: PlotAxis("total energy − mean (meV/atom)"))
    plot.series = panel.records.enumerated().map { index, entry in
      PlotSeries(
        entry.name, .line, x: entry.record.times, y: entry.record.fluctuations, colour: index)
    }
    let offset = ReportText.number(panel.offset)
    return HTMLReport.Figure(
      plot,
      caption:
        "\(panel.name): \(panel.reference.atoms) atoms. The mean energies, which are removed,"
        + " differ by \(offset) meV (network minus reference).")
  }

  private func rows(_ panel: Panel) -> [[String]] {
    panel.records.map { name, record in
      [
        panel.name, name, "\(record.atoms)",
        ReportText.number(record.times.last! - record.times[0]),
        ReportText.number(record.meanTemperature), ReportText.number(record.deviation),
        ReportText.number(record.drift),
      ]
    }
  }

  var lines: [String] {
    panels.flatMap { panel in
      panel.records.map { name, record in
        "Energy conservation (\(panel.name), \(name)): standard deviation"
          + " \(ReportText.number(record.deviation)) meV/atom, drift"
          + " \(ReportText.number(record.drift)) meV/atom/ps at"
          + " \(ReportText.number(record.meanTemperature)) K"
      }
    }
  }

  var numbers: ReportValue {
    let members = panels.map { panel in
      let records = panel.records.map { ($0.name, numbers($0.record)) }
      return (
        panel.name,
        ReportValue.members(
          Dictionary(uniqueKeysWithValues: records)
            .merging(["mean_difference_mev": .number(panel.offset)]) { first, _ in first })
      )
    }
    return .members(Dictionary(uniqueKeysWithValues: members))
  }

  private func numbers(_ record: ThermoRecord) -> ReportValue {
    .members([
      "atoms": .number(Double(record.atoms)),
      "mean_temperature_k": .number(record.meanTemperature),
      "standard_deviation_mev_per_atom": .number(record.deviation),
      "drift_mev_per_atom_per_ps": .number(record.drift),
    ])
  }
}
