import ProgramSupport

/// What the atoms of each species contribute to the energies of the batches.
struct SpeciesSection: ReportSection {
  let key = "species"
  let highlights: [HTMLReport.Highlight] = []
  private let species: [TrainingRecord.Species]

  /// How many of the last logged steps the closing numbers are taken of.
  private static let finalCount = 100

  /// Nil where nothing was recorded.
  init?(_ record: TrainingRecord) {
    guard !record.species.isEmpty else { return nil }
    species = record.species
  }

  func write(to page: inout HTMLReport) {
    page.section("Contributions of the species")
    page.paragraph(
      "What the networks give for the atoms of each species, without offsets and divided by energy_rescale"
        + " as the newest checkpoint says it (1 where none does): means and standard deviations over the"
        + " atoms of a batch, averaged over the last"
        + " \(recentSteps), as far as there are such atoms in their batches.")
    page.table(
      HTMLReport.Table(
        columns: ["species", "atoms in a batch", "mean energy (eV)", "standard deviation (eV)"],
        rows: species.map { entry in
          let finals = finals(entry)
          return [entry.symbol]
            + [finals.atoms, finals.mean, finals.deviation].map { $0.map(ReportText.number) ?? "–" }
        }))
    page.figures([
      figure("Mean energy of an atom", axis: "mean energy (eV)", \.mean),
      figure("Spread of the energies of atoms", axis: "standard deviation (eV)", \.deviation),
    ])
  }

  private var recentSteps: String {
    let logged = species.map(\.atoms.values.count).max() ?? 0
    return ReportText.count(min(Self.finalCount, logged), "logged step", "logged steps")
  }

  /// Averages over the last batches, of mean and deviation over those with such atoms; nil for none.
  private func finals(
    _ entry: TrainingRecord.Species
  ) -> (atoms: Double?, mean: Double?, deviation: Double?) {
    let first = entry.atoms.steps.suffix(Self.finalCount).first ?? 0
    func final(_ curve: TrainingRecord.Curve) -> Double? {
      let recent = curve.filtered { $0 >= first }
      return recent.values.isEmpty ? nil : recent.final(Self.finalCount, isRMS: false)
    }
    return (final(entry.atoms), final(entry.mean), final(entry.deviation))
  }

  private func figure(
    _ title: String, axis: String, _ curve: KeyPath<TrainingRecord.Species, TrainingRecord.Curve>
  ) -> HTMLReport.Figure {
    var plot = Plot(title, x: PlotAxis("step"), y: PlotAxis(axis))
    plot.series = species.enumerated().flatMap { index, entry in
      entry[keyPath: curve].series(entry.symbol, colour: index + 1, isRMS: false)
    }
    return HTMLReport.Figure(plot, caption: "\(title) by species.")
  }

  var lines: [String] {
    species.map { entry in
      let contribution = "Contribution of \(entry.symbol)"
      guard case (_, let mean?, let deviation?) = finals(entry) else {
        return "\(contribution): no atoms in the last \(recentSteps)"
      }
      return "\(contribution): mean \(ReportText.number(mean)) eV, standard deviation"
        + " \(ReportText.number(deviation)) eV"
    }
  }

  var numbers: ReportValue {
    let members = species.map { entry -> (String, ReportValue) in
      let finals = finals(entry)
      let numbers = [
        "atoms_in_batch": finals.atoms, "mean_ev": finals.mean,
        "standard_deviation_ev": finals.deviation,
      ]
      return (entry.symbol, .members(numbers.compactMapValues { $0.map { .number($0) } }))
    }
    return .members(Dictionary(members) { first, _ in first })
  }
}
