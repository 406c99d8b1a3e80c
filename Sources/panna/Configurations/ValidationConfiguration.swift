import AtomicNetworks
import Foundation
import ProgramSupport

/// What `[VALIDATION]` of a training's configuration asks for.
struct ValidationConfiguration {
  /// Which error decides what is best.
  enum Criterion: String, CaseIterable {
    case energy, forces

    func value(_ result: ValidationResult) -> Double {
      self == .energy ? result.energyRMSEPerAtom : result.forceRMSE ?? .infinity
    }
  }

  static let keys = [
    "data_dir", "frequency", "patience", "min_gain", "criterion", "keep_best",
  ]

  let data: URL
  /// In steps.
  let frequency: Int
  let stopping: EarlyStopping
  let criterion: Criterion
  let keepsBest: Bool
  /// Keys that have no effect beside the others.
  let ignored: [String]

  /// Nil where the file has no such section, whose other name is `[VALIDATION_OPTIONS]`.
  ///
  /// - Parameter trainsForces: whether there are errors of forces.
  init?(_ file: IniFile, frequency: Int, trainsForces: Bool) throws {
    let sections = ["VALIDATION", "VALIDATION_OPTIONS"].compactMap { file[$0] }
    guard let section = sections.first else { return nil }
    guard sections.count == 1 else {
      throw UsageError("\(file.path): [VALIDATION] and [VALIDATION_OPTIONS]: expected one of them")
    }
    data = try section.url("data_dir")
    self.frequency = try section.int("frequency", default: frequency, in: 1...Int.max)
    stopping = EarlyStopping(
      patience: try section.int("patience", default: 0, in: 0...Int.max),
      minimumGain: try section.double("min_gain", default: 0, atLeast: 0))
    criterion = try section.choice("criterion", default: .energy)
    if criterion == .forces && !trainsForces {
      throw section.error("criterion", "energy, since forces_cost is 0")
    }
    keepsBest = try section.bool("keep_best", default: true)
    ignored =
      stopping.patience == 0 && section.has("min_gain")
      ? ["[\(section.name)] min_gain without patience"] : []
  }
}
