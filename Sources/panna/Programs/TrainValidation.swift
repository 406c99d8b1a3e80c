import AtomicNetworks
import Atomistics
import Dataflow
import Foundation
import ProgramSupport

/// Looks now and then how far a training's networks are from structures that they do not see, keeps the
/// best ones, and tells when it goes on for nothing.
final class TrainValidation {
  private static let note = "validation"
  private static let (criterion, structures) = (
    "[VALIDATION] criterion", "[VALIDATION] structures"
  )

  private let configuration: ValidationConfiguration
  private let structures: any StructureSource
  private let digest: StructureDigest
  private let networks: BestNetworks
  /// The step that the training goes on from.
  private let firstStep: Int
  private var stopping: EarlyStopping
  /// The networks in the folder, where they are of a step that the training comes to again.
  private var ahead: BestNetworks.Record?
  /// Where those are, once others are in the folder.
  private var passed: (folder: URL, record: BestNetworks.Record)?

  /// - Parameters:
  ///   - digest: tells the structures from others.
  ///   - step: the one that the training goes on from.
  ///   - checkpoint: what it goes on from.
  init(
    _ configuration: ValidationConfiguration, structures: any StructureSource,
    digest: StructureDigest, trainDirectory: URL, step: Int, checkpoint: Checkpoint?
  ) throws {
    self.configuration = configuration
    networks = BestNetworks(in: trainDirectory)
    (self.structures, self.digest) = (structures, digest)
    firstStep = step
    guard structures.count > 0 else {
      throw WorkError("\(configuration.data.path): there is no structure to validate with")
    }
    stopping = configuration.stopping
    let texts = checkpoint?.texts
    let news = texts.flatMap(reasonToBeginAnew)
    if news == nil, let state = texts?[Self.note].flatMap({ Self.state($0, stopping) }) {
      stopping = state
    }
    let others = networks.record
    let kept = try keepOthersAside(isAnew: news != nil || checkpoint == nil)
    if let news, kept != nil || texts?[Self.note] != nil {
      let place = kept.map { ", those of before are in \($0.path)" } ?? ""
      warn("train: \(news): the best networks are looked for anew\(place)")
    } else if let kept {
      let found =
        others.map { "the networks of step \($0.step), which are not the best that is known" }
        ?? "networks of another training"
      warn("train: \(networks.folder.path) holds \(found): they are in \(kept.path) now")
    }
  }

  /// What values of other validations cannot be compared with, wherever the structures are.
  private var question: [(key: String, value: String)] {
    [
      (Self.criterion, configuration.criterion.rawValue), (Self.structures, digest.text),
    ]
  }

  /// Why what a checkpoint says of validations cannot be gone on with; nil where it can.
  private func reasonToBeginAnew(_ texts: [String: String]) -> String? {
    guard texts[Self.criterion] != nil else { return "the checkpoint says nothing of validations" }
    guard texts[Self.note] != nil else { return nil }
    // Earlier checkpoints say where the structures were, not which they were.
    let asked =
      texts[Self.structures] == nil
      ? [question[0], ("[VALIDATION] data_dir", configuration.data.path)] : question
    for (key, value) in asked {
      let old = texts[key] ?? "unknown"
      if old != value { return "\(key) is \(value), but \(old) in the checkpoint" }
    }
    return nil
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

  /// What the best networks are, as far as is known.
  private var best: BestNetworks.Record? {
    stopping.best.map { record(step: $0.step, value: $0.value) }
  }

  private func record(step: Int, value: Double) -> BestNetworks.Record {
    BestNetworks.Record(
      criterion: configuration.criterion.rawValue, structures: digest.text, step: step, value: value
    )
  }

  /// Gives networks in the folder that are not the best ones another place: those of now are no reason to lose them.
  ///
  /// - Parameter isAnew: whether nothing is known of what was the best before.
  /// - Returns: where they are, nil where there are none.
  private func keepOthersAside(isAnew: Bool) throws -> URL? {
    guard configuration.keepsBest, networks.exist else { return nil }
    if let record = networks.record {
      if record == best { return nil }
      // A training that was killed before its next checkpoint finds the same once more.
      if record.step > firstStep, record == self.record(step: record.step, value: record.value) {
        ahead = record
        return nil
      }
    } else if !isAnew {
      return nil
    }
    return try networks.folder.setAside(step: firstStep)
  }

  /// Writes networks that are the best so far.
  private func keep(_ model: NetworkModel, _ record: BestNetworks.Record) throws {
    if let ahead, ahead != record {
      let kept = try networks.folder.setAside(step: firstStep)
      passed = (kept, ahead)
      warn(
        "train: \(networks.folder.path) holds the networks of step \(ahead.step), which this training has not"
          + " come to: they are in \(kept.path) now, and are removed where it comes to the same")
    }
    ahead = nil
    try networks.write(model, record)
    if let passed, passed.record == record {
      try FileManager.default.removeItem(at: passed.folder)
    }
  }

  /// What a checkpoint keeps of it.
  var notes: [String: String] {
    var notes = Dictionary(uniqueKeysWithValues: question.map { ($0.key, $0.value) })
    if let best = stopping.best {
      notes[Self.note] =
        "\(best.step) \(best.value) \(stopping.waited) \(stopping.waitingFrom ?? .infinity)"
    }
    return notes
  }

  /// Whether the training should end.
  var isOver: Bool { stopping.shouldStop }

  /// Looks at the networks where it is time to, and after the last step, which a training that goes on from there with
  /// more steps does not count among those that it waits for.
  func check(_ trainer: Trainer, _ log: TrainLog) throws {
    let isDue = trainer.step.isMultiple(of: configuration.frequency)
    guard isDue || trainer.step >= trainer.schedule.maxSteps else { return }
    let result = try trainer.validate(structures)
    try log.add(result, step: trainer.step)
    let value = configuration.criterion.value(result)
    guard value.isFinite else {
      throw WorkError("step \(trainer.step): the validation's error is \(value)")
    }
    let isBest = stopping.add(value, step: trainer.step, isAwaited: isDue)
    if isBest, configuration.keepsBest {
      try keep(trainer.model(), record(step: trainer.step, value: value))
    }
  }

  /// The best step in words, nil before the first.
  var summary: String? {
    // The folder may hold others: those of before keep_best was False, or of a step that is not reached again.
    let isKept =
      configuration.keepsBest && networks.exist && (networks.record ?? best) == best
    return stopping.best.map { best in
      let value =
        configuration.criterion == .energy
        ? String(format: "%.3f meV/atom", 1000 * best.value)
        : String(format: "%.4f eV/Å", best.value)
      let others =
        ahead.map {
          "; \(networks.folder.path) holds those of step \($0.step), which this training has not come to"
        } ?? ""
      return "the best validation was \(value) at step \(best.step)"
        + (isKept ? "; its networks are in \(networks.folder.path)" : others)
    }
  }
}
