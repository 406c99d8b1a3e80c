import ProgramSupport

/// The structures whose errors are the largest, the worst first.
struct WorstStructures {
  struct Energy: Equatable {
    let name: String
    /// In eV/atom.
    let reference: Double
    let predicted: Double

    var error: Double { predicted - reference }
  }

  struct Forces: Equatable {
    let name: String
    /// Of all components, in eV/Å.
    let rmse: Double
    /// The atom and the component that are off most, and by how much.
    let atom: Int
    let component: String
    let largest: Double
  }

  let energies: [Energy]
  let forces: [Forces]

  private static let count = 10

  init(_ record: EvaluationRecord) {
    let comparable = record.comparesEnergies ? record.energies.groups : []
    let energies = comparable.flatMap { group in
      group.rows.map { row in
        Energy(
          name: group.name, reference: record.energies.reference[row],
          predicted: record.energies.predicted[row])
      }
    }
    self.energies = Self.worst(energies) { abs($0.error) }
    let errors = record.forces?.errors ?? []
    let forces = record.forces?.groups.map { Forces(name: $0.name, errors: errors[$0.rows]) } ?? []
    self.forces = Self.worst(forces, by: \.rmse)
  }

  private static func worst<Entry>(_ entries: [Entry], by error: (Entry) -> Double) -> [Entry] {
    // Those of equal errors stay in their order.
    let sorted = entries.enumerated().sorted {
      let (a, b) = (error($0.element), error($1.element))
      return a > b || (a == b && $0.offset < $1.offset)
    }
    return sorted.prefix(count).map(\.element)
  }

  func write(to page: inout HTMLReport) {
    guard !energies.isEmpty || !forces.isEmpty else { return }
    page.subsection("Where the errors are largest")
    if !energies.isEmpty {
      page.table(
        HTMLReport.Table(
          columns: ["structure", "reference (eV/atom)", "predicted (eV/atom)", "error (meV/atom)"],
          rows: energies.map {
            [
              $0.name, ReportText.fixed($0.reference, 4), ReportText.fixed($0.predicted, 4),
              ReportText.number(1000 * $0.error),
            ]
          }))
    }
    guard !forces.isEmpty else { return }
    page.table(
      HTMLReport.Table(
        columns: ["structure", "force RMSE (eV/Å)", "largest error (eV/Å)", "of atom"],
        rows: forces.map {
          [
            $0.name, ReportText.number($0.rmse), ReportText.number($0.largest),
            "\($0.atom), \($0.component)",
          ]
        }))
  }

  var numbers: ReportValue {
    .members([
      "energies_mev_per_atom": .list(
        energies.map { .members(["name": .text($0.name), "error": .number(1000 * $0.error)]) }),
      "forces_ev_per_angstrom": .list(
        forces.map {
          .members([
            "name": .text($0.name), "rmse": .number($0.rmse), "largest": .number($0.largest),
            "atom": .number(Double($0.atom)), "component": .text($0.component),
          ])
        }),
    ])
  }
}

extension WorstStructures.Forces {
  /// - Parameter errors: of the components of one atom after the other.
  fileprivate init(name: String, errors: ArraySlice<Double>) {
    let place = errors.indices.max { abs(errors[$0]) < abs(errors[$1]) }!
    self.name = name
    rmse = (errors.reduce(0) { $0 + $1 * $1 } / Double(errors.count)).squareRoot()
    atom = (place - errors.startIndex) / 3
    component = ["x", "y", "z"][(place - errors.startIndex) % 3]
    largest = errors[place]
  }
}
