import Atomistics
import Foundation

/// How far total energies may be from what was computed, since the original's files, and with them all
/// described structures, keep them in single precision.
struct EnergyPrecision: Sendable {
  /// The largest error, in eV per atom, that nobody needs to hear of.
  private static let negligible = 1e-4

  private var worst = 0.0
  /// What is to be known of the structures so far; nil where it is negligible.
  private(set) var caveat: String?

  /// - Parameter energy: as it is kept, in eV.
  mutating func add(name: String, energy: Float, atoms: Int) {
    let error = Double(energy.ulp) / 2 / Double(max(atoms, 1))
    guard error > max(worst, Self.negligible) else { return }
    worst = error
    caveat =
      "energies are kept in single precision, that of \(name), \(Double(energy)) eV of \(atoms) atoms, to"
      + String(format: " %.2g meV/atom; ", 1000 * error)
      + "examples whose energies are less a number for each atom keep more"
  }

  mutating func add(_ structure: DescribedStructure) {
    add(name: structure.name, energy: structure.energy, atoms: structure.atomCount)
  }
}
