import AtomicNetworks
import Atomistics
import Dataflow
import Foundation
import ProgramSupport

/// One training from its data to the saved networks.
struct TrainingRun {
  private let setup: TrainingSetup
  private let trainer: Trainer
  /// Tells the structures, and those of [VALIDATION] where there is one, from others.
  private let digests: (training: StructureDigest, validation: StructureDigest?)
  private let saysMore: Bool
  private var configuration: TrainConfiguration { setup.configuration }

  /// - Parameter saysMore: what the training goes by, and what it does in each step.
  init(_ configuration: TrainConfiguration, saysMore: Bool = false) throws {
    self.saysMore = saysMore
    if saysMore { say(configuration.text) }
    setup = try TrainingSetup(configuration)
    let threads = configuration.threads == 0 ? ThreadCount.available : configuration.threads
    trainer = try setup.makeTrainer(
      intraOpThreads: threads, interOpThreads: configuration.interOpThreads)
    digests = try setup.check(with: trainer)
    let chosen = configuration.threads == 0 ? ThreadCount.explanation : "\(threads)"
    say(
      "train: \(setup.structures.count) structures, \(setup.parameterCount) parameters, threads:"
        + " \(chosen)")
    let pipeline = configuration.pipeline
    say(
      "train: at most \(pipeline.memory >> 20) MiB for structures and batches, \(pipeline.ahead)"
        + " batches ahead on \(pipeline.threads) \(pipeline.threads == 1 ? "thread" : "threads")")
  }

  /// - Parameter signals: end the training after the step that they come into.
  /// - Returns: whether the training is over; false where a signal ended it before.
  func run(until signals: StopSignals) throws -> Bool {
    let output = configuration.output
    for folder in [output.trainDirectory, output.logDirectory] { try Folder.make(folder) }
    let locks = try lockFolders()
    defer { withExtendedLifetime(locks) {} }
    let checkpoints = CheckpointFolder(output.trainDirectory)
    checkpoints.removeRemains()
    let resumed = try resume(TrainedNetworks(output.trainDirectory))
    let validation = try makeValidation(resumed?.checkpoint)
    let firstStep = trainer.step
    let isSaved = resumed?.file == checkpoints.file(step: trainer.step).path
    var savedStep = isSaved ? trainer.step : nil
    let log = try TrainLog(configuration, trainer, checkpoint: resumed?.checkpoint)
    let progress = ProgressReporter(
      "train", unit: "steps", total: configuration.schedule.maxSteps, first: trainer.step)
    let batches = setup.makeBatches(trainer, configuration.pipeline.batches)
    let watch = InputWatch(batches, threads: configuration.pipeline.threads)
    func isOver() -> Bool {
      trainer.step >= configuration.schedule.maxSteps || validation?.isOver ?? false
    }
    func makeCheckpoint() throws -> Checkpoint {
      try self.makeCheckpoint(log.notes.merging(validation?.notes ?? [:]) { $1 })
    }
    while !isOver(), signals.received == nil, let batch = try batches.next() {
      let trace = log.trace(ofStep: trainer.step + 1)
      if saysMore {
        if trainer.step == firstStep { say(try trainer.planDescription(for: batch)) }
        say("train: step \(trainer.step + 1): \(batch.batch.names.joined(separator: ", "))")
      }
      let step = try trainer.run(batch, trace: trace)
      try log.add(step, waiting: watch.fraction)
      if let trace { try log.add(trace, step: step.step) }
      progress.advance(note: describe(step) + watch.note)
      try validation?.check(trainer, log)
      let isDue = trainer.step.isMultiple(of: output.checkpointSteps)
      let checkpoint = isDue ? try makeCheckpoint() : nil
      // Before the checkpoint is there, from which on nothing of this step is done again.
      try log.add(trainer)
      if let checkpoint {
        try save(checkpoint, checkpoints)
        savedStep = trainer.step
      }
    }
    batches.close()
    if savedStep != trainer.step { try save(makeCheckpoint(), checkpoints) }
    try log.close()
    progress.finish()
    if let advice = watch.advice { say("train: \(advice)") }
    if !isOver(), let signal = signals.received {
      say("train: \(signal) at step \(trainer.step); the same command goes on from there")
      return false
    }
    if let summary = validation?.summary { say("train: \(summary)") }
    let folder = output.trainDirectory.appendingPathComponent("saved_networks")
    try trainer.model().write(to: folder)
    say("train: the networks are in \(folder.path)")
    return true
  }

  /// Keeps other trainings out of the folders that this one writes to.
  private func lockFolders() throws -> [FolderLock] {
    let (train, log) = (configuration.output.trainDirectory, configuration.output.logDirectory)
    let lock = try FolderLock(train, work: "panna train")
    let locks =
      try train.isSameFile(as: log)
      ? [lock] : [lock, FolderLock(log, work: "the logs of panna train")]
    for caveat in locks.compactMap(\.caveat) { warn("train: \(caveat)") }
    return locks
  }

  private func makeValidation(_ checkpoint: Checkpoint?) throws -> TrainValidation? {
    guard let validation = configuration.validation, let digest = digests.validation,
      let structures = setup.validationStructures
    else { return nil }
    return try TrainValidation(
      validation, structures: structures, digest: digest,
      trainDirectory: configuration.output.trainDirectory, step: trainer.step,
      checkpoint: checkpoint)
  }

  /// Goes on from the newest checkpoint that is whole, this program's where TensorFlow has one of the same step.
  ///
  /// - Returns: what the training goes on from, nil where it begins.
  /// - Throws: `WorkError` where there are checkpoints and none is whole, or the networks are others now.
  private func resume(
    _ networks: TrainedNetworks
  ) throws -> (checkpoint: Checkpoint, file: String)? {
    var damages: [any Error] = []
    guard let (checkpoint, old, file) = networks.newest(onDamage: { damages.append($0) }) else {
      guard let damage = damages.first else { return nil }
      throw WorkError(
        "\(damage); no checkpoint in \(networks.folder.path) can be gone on from: mend that, move them away"
          + " to begin anew, or name another train_dir")
    }
    for damage in damages { warn("train: \(damage); \(file) is used") }
    let changes = NetworkChanges(from: old, to: try trainer.model())
    if let refusal = changes.refusal { throw WorkError("\(file): \(refusal)") }
    do {
      try TrainingCheckpoint.restore(trainer, from: checkpoint)
    } catch {
      throw WorkError("\(file): \(error)")
    }
    if notes.keys.allSatisfy({ checkpoint.texts[$0] == nil }) {
      warn(
        "train: \(file) says nothing beside the networks: the order of examples may be another, what validations found"
          + " is not known")
    } else {
      for (name, value) in notes {
        let old = checkpoint.texts[name] ?? "unknown"
        // Earlier checkpoints say only how many structures there are.
        let count = name == Self.structures ? String(setup.structures.count) : value
        if old == value || old == count { continue }
        warn(
          "train: \(name) is \(value), but \(old) in \(file):"
            + " the order of examples differs from an undisturbed run's")
      }
    }
    for change in changes.warnings { warn("train: \(file) \(change)") }
    say("train: goes on from \(file), step \(trainer.step)")
    return (checkpoint, file)
  }

  /// The training as it is, before any of it is written.
  private func makeCheckpoint(_ more: [String: String]) throws -> Checkpoint {
    try TrainingCheckpoint.make(trainer, notes: notes.merging(more) { $1 })
  }

  private func save(_ checkpoint: Checkpoint, _ checkpoints: CheckpointFolder) throws {
    try checkpoints.write(
      checkpoint, step: trainer.step, keeping: configuration.output.checkpointsKept)
    if configuration.output.writesTensorFlow {
      try TrainedNetworks.writeTensorFlowCheckpoint(
        trainer, notes: checkpoint.texts, to: checkpoints.folder,
        keeping: configuration.output.checkpointsKept)
    }
  }

  private static let structures = "structures"

  /// What the order of examples depends on.
  private var notes: [String: String] {
    [
      "seed": String(configuration.seed), "batch_size": String(configuration.schedule.batchSize),
      Self.structures: digests.training.text,
      "shuffle_window": configuration.pipeline.window.map { String($0) } ?? "all",
    ]
  }

  private func describe(_ step: TrainingStep) -> String {
    let rescale = configuration.networks.model.energyRescale
    let energy = String(format: "%.3f meV/atom", 1000 * step.energyRMSEPerAtom / rescale)
    return step.forceRMSE.map { energy + String(format: ", %.3f eV/Å", $0 / rescale) } ?? energy
  }
}
