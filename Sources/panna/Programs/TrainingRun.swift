import AtomicNetworks
import Atomistics
import Dataflow
import Foundation
import ProgramSupport

/// One training from its data to the saved networks.
struct TrainingRun {
  private let setup: TrainingSetup
  private let trainer: Trainer
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
    try setup.check(with: trainer)
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
    let lock = try FolderLock(output.trainDirectory, work: "panna train")
    defer { withExtendedLifetime(lock) {} }
    let checkpoints = CheckpointFolder(output.trainDirectory)
    checkpoints.removeRemains()
    let checkpoint = try resume(checkpoints)
    let validation = try makeValidation(checkpoint)
    let firstStep = trainer.step
    var savedStep = checkpoint.map { _ in trainer.step }
    let log = try TrainLog(configuration, trainer)
    let progress = ProgressReporter(
      "train", unit: "steps", total: configuration.schedule.maxSteps, first: trainer.step)
    let batches = setup.makeBatches(trainer, configuration.pipeline.batches)
    let watch = InputWatch(batches, threads: configuration.pipeline.threads)
    func isOver() -> Bool {
      trainer.step >= configuration.schedule.maxSteps || validation?.isOver ?? false
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
      if trainer.step.isMultiple(of: output.checkpointSteps) {
        try save(checkpoints, validation?.notes ?? [:])
        savedStep = trainer.step
      }
      try log.add(trainer)
    }
    batches.close()
    if savedStep != trainer.step { try save(checkpoints, validation?.notes ?? [:]) }
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

  private func makeValidation(_ checkpoint: Checkpoint?) throws -> TrainValidation? {
    guard let validation = configuration.validation, let structures = setup.validationStructures
    else { return nil }
    return try TrainValidation(
      validation, structures: structures,
      trainDirectory: configuration.output.trainDirectory, checkpoint: checkpoint)
  }

  /// - Returns: the checkpoint that the training goes on from.
  private func resume(_ checkpoints: CheckpointFolder) throws -> Checkpoint? {
    guard
      let (step, checkpoint) = checkpoints.newest(onDamage: {
        warn("train: \($0); an older checkpoint is used")
      })
    else {
      try resumeFromTensorFlow()
      return nil
    }
    let file = checkpoints.file(step: step).path
    for (name, value) in notes where checkpoint.texts[name] != value {
      warn(
        "train: \(name) is \(value), but \(checkpoint.texts[name] ?? "unknown") in \(file):"
          + " the order of examples differs from an undisturbed run's")
    }
    do {
      try TrainingCheckpoint.restore(trainer, from: checkpoint)
    } catch {
      throw WorkError("\(file): \(error)")
    }
    for change in try changes(TrainingCheckpoint.model(in: checkpoint, file: file)) {
      warn("train: \(file) \(change)")
    }
    say("train: goes on from \(file), step \(step)")
    return checkpoint
  }

  /// What the configuration says otherwise than a checkpoint, and the networks have not learned.
  private func changes(_ old: NetworkModel) throws -> [String] {
    let new = try trainer.model()
    var changes: [String] = []
    for (was, now) in zip(old.networks, new.networks) where was.offset != now.offset {
      changes.append("has output_offset = \(was.offset) for \(was.symbol), now it is \(now.offset)")
    }
    if old.energyRescale != new.energyRescale {
      changes.append("has energy_rescale = \(old.energyRescale), now it is \(new.energyRescale)")
    }
    if let settings = new.descriptors, let key = old.descriptors?.difference(from: settings) {
      changes.append("has descriptors with \(key.name) = \(key.own), now it is \(key.other)")
    }
    return changes
  }

  /// Goes on from the last of TensorFlow's checkpoints, where there is one.
  private func resumeFromTensorFlow() throws {
    let networks = TrainedNetworks(configuration.output.trainDirectory)
    guard let step = TrainedNetworks.tensorFlowSteps(networks.folder).last else { return }
    try networks.restore(trainer, tensorFlowStep: step)
    say("train: goes on from \(networks.folder.path)/model.ckpt-\(step)")
  }

  private func save(_ checkpoints: CheckpointFolder, _ more: [String: String]) throws {
    let checkpoint = try TrainingCheckpoint.make(trainer, notes: notes.merging(more) { $1 })
    try checkpoints.write(
      checkpoint, step: trainer.step, keeping: configuration.output.checkpointsKept)
    if configuration.output.writesTensorFlow {
      try TrainedNetworks.writeTensorFlowCheckpoint(
        trainer, to: checkpoints.folder, keeping: configuration.output.checkpointsKept)
    }
  }

  /// What the order of examples depends on.
  private var notes: [String: String] {
    [
      "seed": String(configuration.seed), "batch_size": String(configuration.schedule.batchSize),
      "structures": String(setup.structures.count),
      "shuffle_window": configuration.pipeline.window.map { String($0) } ?? "all",
    ]
  }

  private func describe(_ step: TrainingStep) -> String {
    let rescale = configuration.networks.model.energyRescale
    let energy = String(format: "%.3f meV/atom", 1000 * step.energyRMSEPerAtom / rescale)
    return step.forceRMSE.map { energy + String(format: ", %.3f eV/Å", $0 / rescale) } ?? energy
  }
}
