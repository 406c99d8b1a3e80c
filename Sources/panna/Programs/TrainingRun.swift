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
    let locks = try lockFolders()
    defer { withExtendedLifetime(locks) {} }
    let checkpoints = CheckpointFolder(output.trainDirectory)
    checkpoints.removeRemains()
    let checkpoint = try resume(checkpoints)
    let validation = try makeValidation(checkpoint)
    let firstStep = trainer.step
    var savedStep = checkpoint.map { _ in trainer.step }
    let log = try TrainLog(configuration, trainer, checkpoint: checkpoint)
    let progress = ProgressReporter(
      "train", unit: "steps", total: configuration.schedule.maxSteps, first: trainer.step)
    let batches = setup.makeBatches(trainer, configuration.pipeline.batches)
    let watch = InputWatch(batches, threads: configuration.pipeline.threads)
    func isOver() -> Bool {
      trainer.step >= configuration.schedule.maxSteps || validation?.isOver ?? false
    }
    func saveAll() throws {
      try save(checkpoints, log.notes.merging(validation?.notes ?? [:]) { $1 })
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
        try saveAll()
        savedStep = trainer.step
      }
      try log.add(trainer)
    }
    batches.close()
    if savedStep != trainer.step { try saveAll() }
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
    guard let validation = configuration.validation, let structures = setup.validationStructures
    else { return nil }
    return try TrainValidation(
      validation, structures: structures,
      trainDirectory: configuration.output.trainDirectory, checkpoint: checkpoint)
  }

  /// Goes on from the newest checkpoint, this program's or TensorFlow's, this program's of the same step.
  ///
  /// - Returns: this program's checkpoint that the training goes on from.
  /// - Throws: `WorkError` where there are checkpoints and none is whole.
  private func resume(_ checkpoints: CheckpointFolder) throws -> Checkpoint? {
    var damages: [FormatError] = []
    let newest = checkpoints.newest { damages.append($0) }
    let networks = TrainedNetworks(checkpoints.folder)
    let tensorFlow = TrainedNetworks.tensorFlowSteps(networks.folder).last
    guard let step = [newest?.step, tensorFlow].compactMap(\.self).max() else {
      guard let damage = damages.first else { return nil }
      throw WorkError(
        "\(damage); no checkpoint in \(networks.folder.path) is whole: remove them to begin anew, or name"
          + " another train_dir")
    }
    guard let (_, checkpoint) = newest, newest?.step == step else {
      let file = TrainedNetworks.tensorFlowCheckpoint(in: networks.folder, step: step).path
      for damage in damages { warn("train: \(damage); \(file) is used") }
      try networks.restore(trainer, tensorFlowStep: step)
      say("train: goes on from \(file)")
      return nil
    }
    let file = checkpoints.file(step: step).path
    for damage in damages { warn("train: \(damage); \(file) is used") }
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
    let old = try TrainingCheckpoint.model(in: checkpoint, file: file)
    for (was, now) in zip(old.networks, try trainer.model().networks)
    where was.activationNames != now.activationNames {
      throw WorkError(
        "\(file): has activations = \(was.activationNames) for \(was.symbol), now it is"
          + " \(now.activationNames): weights are good for what they were trained with, which [\(was.symbol)] can say"
      )
    }
    for change in try changes(old) {
      warn("train: \(file) \(change)")
    }
    say("train: goes on from \(file), step \(step)")
    return checkpoint
  }

  /// What the configuration says otherwise than a checkpoint, and the networks have not learned.
  private func changes(_ old: NetworkModel) throws -> [String] {
    let new = try trainer.model()
    var changes: [String] = []
    for (was, now) in zip(old.networks, new.networks) {
      for (old, new) in zip(settings(was), settings(now)) where old.value != new.value {
        changes.append("has \(old.key) = \(old.value) for \(was.symbol), now it is \(new.value)")
      }
      if let source = now.graph?.source, source != was.graph?.source {
        changes.append("has another text for \(was.symbol) than \(source.file) is now")
      }
    }
    if old.energyRescale != new.energyRescale {
      changes.append("has energy_rescale = \(old.energyRescale), now it is \(new.energyRescale)")
    }
    if let settings = new.descriptors, let key = old.descriptors?.difference(from: settings) {
      changes.append("has descriptors with \(key.name) = \(key.own), now it is \(key.other)")
    }
    return changes
  }

  /// What a configuration says of a network's species, beside the sizes, which a checkpoint must fit.
  private func settings(_ network: SpeciesNetwork) -> [(key: String, value: String)] {
    let trainable = network.layers.map { $0.isTrainable ? "1" : "0" }
    return [
      ("output_offset", "\(network.offset)"),
      ("trainable", trainable.joined(separator: ":")),
    ]
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
