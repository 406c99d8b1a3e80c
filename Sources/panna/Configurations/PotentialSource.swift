import AtomicNetworks
import Atomistics
import Dataflow
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
      warn("\(folder.path): \(caveat); a descriptor file (\(key)) with epsilon says which")
    }
    guard model.descriptors != nil else {
      throw UsageError(
        "\(folder.path): the networks do not say how their descriptors are made (gvect_params):"
          + " name a descriptor file with \(key)")
    }
    let source = Self.networks(model)
    if !all(source.periodic) {
      warn(
        "\(folder.path): for these networks structures repeat along some vectors of their cells at most, pbc"
          + " = \(source.periodic.inWords)")
    }
    return source
  }

  /// Along which vectors structures may repeat at all.
  var periodic: Periodicity {
    guard case .networks(let model) = self, let descriptors = model.descriptors else {
      return .init(repeating: true)
    }
    return descriptors.periodic
  }

  /// Where descriptors and networks are computed.
  ///
  /// - Parameters:
  ///   - logsAll: whether `report` is told of every operation's place.
  ///   - report: is told which device it is.
  /// - Throws: `UsageError` for a device that the potential is not computed on.
  func placement(
    _ device: DeviceChoice, logsAll: Bool, report: @escaping @Sendable (String) -> Void
  ) throws -> Placement {
    if case .stillingerWeber = self, device != .processor, device != .auto {
      throw UsageError("device \(device): \(Self.reference) is computed on the processor")
    }
    if case .stillingerWeber = self { return Placement() }
    var placement = try device.placement(report: report)
    (placement.logsAll, placement.log) = (logsAll, report)
    return placement
  }

  /// A potential of its own for each caller that computes beside others.
  func makePotential(_ placement: Placement) throws -> any Potential {
    switch self {
    case .stillingerWeber: return StillingerWeber()
    case .networks(let model):
      var options = SessionOptions()
      options.placement = placement
      return try NetworkPotential(model, options: options)
    }
  }
}
