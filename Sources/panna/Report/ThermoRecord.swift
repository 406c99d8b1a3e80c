import Foundation
import ProgramSupport

/// The total energy of one simulation of `md`.
struct ThermoRecord {
  let atoms: Int
  /// In ps.
  let times: [Double]
  /// Of all atoms, in eV.
  let energies: [Double]
  /// In K.
  let meanTemperature: Double
  /// Of all atoms, in eV.
  let meanEnergy: Double
  /// The standard deviation of the total energy, in meV/atom.
  let deviation: Double
  /// The slope of the straight line through the total energy, in meV/atom/ps.
  let drift: Double

  private static let header =
    "# step time_fs temperature_K kinetic_eV potential_eV total_eV pressure_GPa"

  /// Reads a file of thermodynamic lines.
  ///
  /// - Throws: `WorkError` with file and line.
  init(_ url: URL) throws {
    // Structures that are not periodic have no pressure.
    let file = try ColumnFile(url, header: Self.header, unchecked: "pressure_GPa")
    // How the simulation went on may follow.
    let remark = file.remark.prefix { $0 != " " }
    guard remark.hasPrefix("atoms="), let atoms = Int(remark.dropFirst(6)), atoms > 0
    else {
      throw WorkError(
        "\(file.path):1: found \"\(file.remark)\" after the columns; expected atoms=<number>")
    }
    let times = file.columns[1].map { $0 / 1000 }
    for row in times.indices.dropFirst() where times[row] <= times[row - 1] {
      throw file.error(
        inRow: row,
        "time_fs: found \(file.columns[1][row]); expected more than \(file.columns[1][row - 1])")
    }
    guard times.count >= 2 else {
      throw WorkError(
        "\(file.path): found \(ReportText.count(times.count, "line", "lines")) of numbers;"
          + " expected at least 2")
    }
    self.init(
      atoms: atoms, times: times, energies: file.columns[5], temperatures: file.columns[2])
  }

  /// - Precondition: there are two times or more, and as many energies and temperatures.
  init(atoms: Int, times: [Double], energies: [Double], temperatures: [Double]) {
    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
    self.atoms = atoms
    self.times = times
    self.energies = energies
    meanTemperature = mean(temperatures)
    let (meanTime, meanEnergy) = (mean(times), mean(energies))
    let scale = 1000 / Double(atoms)
    self.meanEnergy = meanEnergy
    deviation = mean(energies.map { ($0 - meanEnergy) * ($0 - meanEnergy) }).squareRoot() * scale
    let covariance = mean(zip(times, energies).map { ($0 - meanTime) * ($1 - meanEnergy) })
    drift = covariance / mean(times.map { ($0 - meanTime) * ($0 - meanTime) }) * scale
  }

  /// The total energy minus its mean, in meV/atom.
  var fluctuations: [Double] { energies.map { ($0 - meanEnergy) * 1000 / Double(atoms) } }
}
