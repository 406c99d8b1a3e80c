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
  private static let structures = "[VALIDATION] structures"

  private let configuration: ValidationConfiguration
  private let structures: any StructureSource
  private let folder: URL
  /// What values of other validations cannot be compared with.
  private let question: [(key: String, value: String)]
  private var stopping: EarlyStopping

  /// - Parameters:
  ///   - digest: tells the structures from others.
  ///   - step: the one that the training goes on from.
  ///   - checkpoint: what it goes on from.
  init(
    _ configuration: ValidationConfiguration, structures: any StructureSource,
    digest: StructureDigest, trainDirectory: URL, step: Int, checkpoint: Checkpoint?
  ) throws {
    self.configuration = configuration
    folder = trainDirectory.appendingPathComponent(Self.bestFolder)
    self.structures = structures
    guard structures.count > 0 else {
      throw WorkError("\(configuration.data.path): there is no structure to validate with")
    }
    question = [
      ("[VALIDATION] criterion", configuration.criterion.rawValue),
      ("[VALIDATION] data_dir", configuration.data.path), (Self.structures, digest.text),
    ]
    stopping = configuration.stopping
    guard let texts = checkpoint?.texts else { return }
    if question.allSatisfy({ texts[$0.key] == nil }) { try keepBestAside(step: step) }
    guard let note = texts[Self.note] else { return }
    for (key, value) in question {
      // Earlier checkpoints do not say with which structures.
      let old = texts[key] ?? (key == Self.structures ? value : "unknown")
      guard old != value else { continue }
      warn(
        "train: \(key) is \(value), but \(old) in the checkpoint: the best networks are looked for anew"
      )
      return
    }
    if let state = Self.state(note, configuration.stopping) { stopping = state }
  }

  /// What a checkpoint's note says; earlier ones waited from the best.
  private static func state(_ note: String, _ stopping: EarlyStopping) -> EarlyStopping? {
    let parts = note.split(separator: " ")
    guard parts.count >= 3, let step = Int(parts[0]), let value = Double(parts[1]),
      let waited = Int(parts[2]), let start = parts.count > 3 ? Double(parts[3]) : value
    else { return nil }
    return EarlyStopping(
      patience: stopping.patience, minimumGain: stopping.minimumGain, best: (step, value),
      waitingFrom: start, waited: waited)
  }

  /// Nothing says how good the best networks of before are: those of now are no reason to lose them.
  private func keepBestAside(step: Int) throws {
    guard configuration.keepsBest, FileManager.default.fileExists(atPath: folder.path)
    else { return }
    let kept = try folder.setAside(step: step)
    warn(
      "train: the checkpoint says nothing of validations: the best networks are looked for anew, those of before are in"
        + " \(kept.path)")
  }

  /// What a checkpoint keeps of it.
  var notes: [String: String] {
    var notes = Dictionary(uniqueKeysWithValues: question.map { ($0.key, $0.value) })
    if let best = stopping.best {
      notes[Self.note] =
        "\(best.step) \(best.value) \(stopping.waited) \(stopping.waitingFrom ?? best.value)"
    }
    return notes
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
    // One that went without keep_best before has none to show.
    let isKept =
      configuration.keepsBest && FileManager.default.fileExists(atPath: folder.path)
    return stopping.best.map { best in
      let value =
        configuration.criterion == .energy
        ? String(format: "%.3f meV/atom", 1000 * best.value)
        : String(format: "%.4f eV/Å", best.value)
      return "the best validation was \(value) at step \(best.step)"
        + (isKept ? "; its networks are in \(folder.path)" : "")
    }
  }
}
