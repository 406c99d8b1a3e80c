import AtomicNetworks
import Atomistics
import Dataflow
import Foundation
import ProgramSupport

/// Looks now and then how far a training's networks are from structures that they do not see, keeps the
/// best ones, and tells when it goes on for nothing.
final class TrainValidation {
  static let bestFolder = "best_networks"
  private static let note = "validation"

  private let configuration: ValidationConfiguration
  private let structures: any StructureSource
  private let folder: URL
  private var stopping: EarlyStopping

  /// - Parameter checkpoint: what the training goes on from.
  init(
    _ configuration: ValidationConfiguration, structures: any StructureSource,
    trainDirectory: URL, checkpoint: Checkpoint?
  ) throws {
    self.configuration = configuration
    folder = trainDirectory.appendingPathComponent(Self.bestFolder)
    self.structures = structures
    guard structures.count > 0 else {
      throw WorkError("\(configuration.data.path): there is no structure to validate with")
    }
    stopping = configuration.stopping
    guard let note = checkpoint?.texts[Self.note], let texts = checkpoint?.texts else { return }
    for (key, value) in question where texts[key] != value {
      warn(
        "train: \(key) is \(value), but \(texts[key] ?? "unknown") in the checkpoint: the best networks are"
          + " looked for anew")
      return
    }
    let parts = note.split(separator: " ")
    if parts.count == 3, let step = Int(parts[0]), let value = Double(parts[1]),
      let waited = Int(parts[2])
    {
      stopping = EarlyStopping(
        patience: stopping.patience, minimumGain: stopping.minimumGain, best: (step, value),
        waited: waited)
    }
  }

  /// What a checkpoint keeps of it.
  var notes: [String: String] {
    guard let best = stopping.best else { return [:] }
    let note = (Self.note, "\(best.step) \(best.value) \(stopping.waited)")
    return Dictionary(uniqueKeysWithValues: question + [note])
  }

  /// What values of other validations cannot be compared with.
  private var question: [(key: String, value: String)] {
    [
      ("[VALIDATION] criterion", configuration.criterion.rawValue),
      ("[VALIDATION] data_dir", configuration.data.path),
    ]
  }

  /// Whether the training should end.
  var isOver: Bool { stopping.shouldStop }

  /// Looks at the networks where it is time to.
  func check(_ trainer: Trainer, _ log: TrainLog) throws {
    guard trainer.step.isMultiple(of: configuration.frequency) else { return }
    let result = try trainer.validate(structures)
    try log.add(result, step: trainer.step)
    let value = configuration.criterion.value(result)
    guard value.isFinite else {
      throw WorkError("step \(trainer.step): the validation's error is \(value)")
    }
    if stopping.add(value, step: trainer.step), configuration.keepsBest {
      try trainer.model().write(to: folder)
    }
  }

  /// The best step in words, nil before the first.
  var summary: String? {
    stopping.best.map { best in
      let value =
        configuration.criterion == .energy
        ? String(format: "%.3f meV/atom", 1000 * best.value)
        : String(format: "%.4f eV/Å", best.value)
      return "the best validation was \(value) at step \(best.step)"
        + (configuration.keepsBest ? "; its networks are in \(folder.path)" : "")
    }
  }
}
