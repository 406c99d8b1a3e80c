import Foundation
import ProgramSupport

/// The result of one run of `evaluate`.
struct EvaluationRecord {
  /// The checkpoint that was evaluated; nil for saved networks.
  let step: Int?
  /// Energies in eV/atom, one for each structure.
  let energies: Comparison
  /// False where they are without the offsets that the references have.
  let comparesEnergies: Bool
  /// Force components in eV/Å, three for each atom; nil where they were not computed.
  let forces: Comparison?

  /// References and predictions, with the names that stretches of them belong to.
  struct Comparison {
    var reference: [Double] = []
    var predicted: [Double] = []
    var groups: [ColumnFile.Group] = []

    var errors: [Double] { zip(predicted, reference).map { $0 - $1 } }

    /// The numbers of those structures whose names satisfy a condition.
    func filtered(_ isWanted: (String) -> Bool) -> Self {
      groups.reduce(into: Self()) { result, group in
        guard isWanted(group.name) else { return }
        let start = result.reference.count
        result.reference += reference[group.rows]
        result.predicted += predicted[group.rows]
        result.groups.append(
          ColumnFile.Group(name: group.name, rows: start..<result.reference.count))
      }
    }
  }

  /// Reads `<step>.dat` and, where it is there, `<step>_forces.dat`.
  ///
  /// - Throws: `WorkError` with file and line.
  init(_ files: EvaluationFolder.Files) throws {
    step = files.step
    energies = try Self.energies(files.energies)
    comparesEnergies = EvaluationQuestion.comparesEnergies(of: files.energies)
    forces = try files.forces.map(Self.forces)
  }

  private static func energies(_ url: URL) throws -> Comparison {
    let file = try ColumnFile(url, header: "#filename n_atoms e_ref e_nn", namesFirst: true)
    guard file.rowCount > 0 else { throw WorkError("\(file.path): there is no structure in it") }
    for (row, count) in file.columns[0].enumerated()
    where count < 1 || count != count.rounded() {
      throw file.error(inRow: row, "n_atoms: found \(count); expected a whole number from 1")
    }
    let perAtom = { (column: Int) in zip(file.columns[column], file.columns[0]).map { $0 / $1 } }
    return Comparison(reference: perAtom(1), predicted: perAtom(2), groups: file.groups)
  }

  private static func forces(_ url: URL) throws -> Comparison {
    let file = try ColumnFile(
      url, header: "#filename atom_id fx_nn fy_nn fz_nn fx_ref fy_ref fz_ref", namesFirst: true)
    guard file.rowCount > 0 else { throw WorkError("\(file.path): there is no force in it") }
    let interleaved = { (first: Int) in
      (0..<file.rowCount).flatMap { row in (first..<first + 3).map { file.columns[$0][row] } }
    }
    let groups = file.groups.flatMap { structures($0, atoms: file.columns[0]) }.map {
      ColumnFile.Group(name: $0.name, rows: 3 * $0.rows.lowerBound..<3 * $0.rows.upperBound)
    }
    return Comparison(reference: interleaved(4), predicted: interleaved(1), groups: groups)
  }

  /// Successive structures of one name: the atoms of each are counted anew.
  private static func structures(
    _ group: ColumnFile.Group, atoms: [Double]
  ) -> [ColumnFile.Group] {
    let starts = group.rows.filter { $0 == group.rows.lowerBound || atoms[$0] <= atoms[$0 - 1] }
    return zip(starts, starts.dropFirst() + [group.rows.upperBound]).map {
      ColumnFile.Group(name: group.name, rows: $0..<$1)
    }
  }

  /// The errors of the structures whose names satisfy a condition, nil where there is none.
  func errors(_ name: String, where isWanted: (String) -> Bool = { _ in true }) -> GroupErrors? {
    let energies = energies.filtered(isWanted).errors.map { 1000 * $0 }
    guard !energies.isEmpty else { return nil }
    let forces = forces?.filtered(isWanted).errors ?? []
    return GroupErrors(
      name: name, structures: energies.count,
      energy: comparesEnergies
        ? ErrorStatistics(energies, threshold: ErrorMeasure.energyThreshold) : nil,
      force: forces.isEmpty
        ? nil : ErrorStatistics(forces, threshold: ErrorMeasure.forceThreshold))
  }
}

/// A folder that `evaluate` wrote its results into.
struct EvaluationFolder {
  /// The results of one evaluation.
  struct Files: Equatable {
    let step: Int?
    let energies: URL
    let forces: URL?
  }

  /// All results in the order of the steps; those of saved networks only where there are no others.
  let results: [Files]

  /// Whether some of the names of a folder's files are those of results.
  static func isThere(among names: [String]) -> Bool {
    names.contains { $0 == "energies.dat" || step(of: $0) != nil }
  }

  /// The step that a file of energies is of.
  private static func step(of name: String) -> Int? {
    name.hasSuffix(".dat") ? Int(name.dropLast(4)) : nil
  }

  /// - Throws: `WorkError` where the folder cannot be read or holds no result.
  init(_ folder: URL) throws {
    let names = Set(try FolderListing.names(in: folder))
    func files(_ step: Int?, _ energies: String, _ forces: String) -> Files? {
      guard names.contains(energies) else { return nil }
      return Files(
        step: step, energies: folder.appendingPathComponent(energies),
        forces: names.contains(forces) ? folder.appendingPathComponent(forces) : nil)
    }
    let steps = names.compactMap(Self.step).sorted()
    let found = steps.compactMap { files($0, "\($0).dat", "\($0)_forces.dat") }
    let saved = [files(nil, "energies.dat", "forces.dat")].compactMap { $0 }
    results = found.isEmpty ? saved : found
    guard !results.isEmpty else {
      throw WorkError(
        "\(folder.path): there is neither <step>.dat nor energies.dat among its"
          + " \(ReportText.count(names.count, "file", "files"))")
    }
  }
}
