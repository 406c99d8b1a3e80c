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
      "What the networks give for the atoms of each species, without offsets and as energy_rescale has"
        + " made it: means and standard deviations over the atoms of a batch, averaged over the last"
        + " \(ReportText.count(min(Self.finalCount, logged), "logged step", "logged steps")).")
    page.table(
      HTMLReport.Table(
        columns: ["species", "atoms in a batch", "mean energy (eV)", "standard deviation (eV)"],
        rows: species.map { entry in
          [entry.symbol] + finals(entry).map { ReportText.number($0) }
        }))
    page.figures([
      figure("Mean energy of an atom", axis: "mean energy (eV)", \.mean),
      figure("Spread of the energies of atoms", axis: "standard deviation (eV)", \.deviation),
    ])
  }

  private var logged: Int { species.map(\.mean.values.count).max() ?? 0 }

  /// Atoms, mean and deviation, averaged over the last batches.
  private func finals(_ entry: TrainingRecord.Species) -> [Double] {
    [entry.atoms, entry.mean, entry.deviation].map { $0.final(Self.finalCount, isRMS: false) }
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
      let numbers = finals(entry)
      return
        "Contribution of \(entry.symbol): mean \(ReportText.number(numbers[1])) eV, standard deviation"
        + " \(ReportText.number(numbers[2])) eV"
    }
  }

  var numbers: ReportValue {
    let members = species.map { entry -> (String, ReportValue) in
      let numbers = finals(entry)
      return (
        entry.symbol,
        .members([
          "atoms_in_batch": .number(numbers[0]), "mean_ev": .number(numbers[1]),
          "standard_deviation_ev": .number(numbers[2]),
        ])
      )
    }
    return .members(Dictionary(members) { first, _ in first })
  }
}
