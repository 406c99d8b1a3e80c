import AtomicNetworks
import Dataflow
import Foundation

/// The text files that `evaluate` writes.
struct EvaluationReport {
  /// What stands in the place of the energies' errors where the networks' energies are without the offsets that
  /// the references have.
  static let incomparableEnergies = "energies without offsets, not comparable with the references"

  private var energies = "#filename n_atoms e_ref e_nn"
  private var forces = "#filename atom_id fx_nn fy_nn fz_nn fx_ref fy_ref fz_ref"
  private var spreads = "#filename n_atoms e_spread f_spread"
  private var energySpreads: [Double] = []
  private var forceSpreads: [Double] = []
  private(set) var summary = EvaluationSummary()

  mutating func add(_ result: Committee.Result) {
    let mean = result.mean
    summary.add(mean)
    let name = Self.column(mean.name)
    energies += "\n\(name) \(mean.atomCount) \(mean.referenceEnergy) \(mean.energy)"
    spreads += "\n\(name) \(mean.atomCount) \(result.energySpread) \(result.forceSpread ?? 0)"
    energySpreads.append(result.energySpread / Double(mean.atomCount))
    if let spread = result.forceSpread { forceSpreads.append(spread) }
    guard let found = mean.forces, let reference = mean.referenceForces else { return }
    for atom in 0..<mean.atomCount {
      let numbers = found[3 * atom..<3 * atom + 3] + reference[3 * atom..<3 * atom + 3]
      forces += "\n\(name) \(atom) " + numbers.map { "\($0)" }.joined(separator: " ")
    }
  }

  /// A name as one of the columns that blanks separate, for whoever reads them.
  private static func column(_ name: String) -> String {
    name.isEmpty ? "_" : String(name.map { $0.isWhitespace ? "_" : $0 })
  }

  /// - Parameter spread: how far the members of a committee are apart, in eV and eV/Å.
  func write(energies energyFile: URL, forces forceFile: URL?, spread spreadFile: URL?) throws {
    if let forceFile { try AtomicFile.write(Data(forces.utf8), to: forceFile) }
    if let spreadFile { try AtomicFile.write(Data(spreads.utf8), to: spreadFile) }
    try AtomicFile.write(Data(energies.utf8), to: energyFile)
  }

  /// The members' mean spread in one line.
  var spreadInWords: String {
    func mean(_ numbers: [Double]) -> Double {
      numbers.reduce(0, +) / Double(max(1, numbers.count))
    }
    let energy = String(format: "spread of the energy %.3f meV/atom", 1000 * mean(energySpreads))
    if forceSpreads.isEmpty { return energy }
    return energy + String(format: ", of a force component %.4f eV/Å", mean(forceSpreads))
  }
}

extension EvaluationSummary {
  /// The errors in one line.
  ///
  /// - Parameter comparesEnergies: false where the networks' energies are without the offsets that the
  ///   references have.
  func inWords(comparesEnergies: Bool = true) -> String {
    let energy =
      comparesEnergies
      ? String(
        format: "energy RMSE %.3f meV/atom, MAE %.3f, largest %.3f", 1000 * energyRMSE,
        1000 * energyMAE, 1000 * largestEnergyError)
      : EvaluationReport.incomparableEnergies
    guard let forceRMSE, let forceMAE else { return "\(structures) structures, \(energy)" }
    let force = String(
      format: "force RMSE %.4f eV/Å, MAE %.4f, largest %.3f", forceRMSE, forceMAE,
      largestForceError)
    return "\(structures) structures, \(energy); \(force)"
  }
}
