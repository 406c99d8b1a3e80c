import AtomicNetworks
import Atomistics
import Foundation
import ProgramSupport

/// Where energies and forces come from, as options and configuration files name it.
enum PotentialSource: Sendable {
  case stillingerWeber
  case networks(NetworkModel)

  /// What the reference potential is called.
  static let reference = "stillinger-weber"

  /// Saved networks.
  ///
  /// - Parameters:
  ///   - folder: holds `networks_metadata.json`, or a potential for LAMMPS, `panna.in`.
  ///   - descriptors: a descriptor file; it says how descriptors are made where the metadata do not.
  ///   - key: what the descriptor file is named by, for the message where it is missing.
  /// - Throws: `UsageError`, or `NetworkError` for networks that cannot be read or do not fit.
  static func networks(
    folder: URL, descriptors: String?, key: String
  ) throws -> PotentialSource {
    var model = try NetworkSource.model(in: folder)
    if let descriptors {
      try model.describe(byFile: descriptors)
    }
    if let caveat = model.caveat {
      warn("\(folder.path): \(caveat); name a descriptor file with \(key)")
    }
    guard model.descriptors != nil else {
      throw UsageError(
        "\(folder.path): the networks do not say how their descriptors are made (gvect_params):"
          + " name a descriptor file with \(key)")
    }
    return .networks(model)
  }

  /// A potential of its own for each caller that computes beside others.
  func makePotential() throws -> any Potential {
    switch self {
    case .stillingerWeber: StillingerWeber()
    case .networks(let model): try NetworkPotential(model)
    }
  }
}
