import AtomicNetworks
import Atomistics
import Dataflow
import Foundation
import ProgramSupport

/// Trains networks on packed descriptors.
enum Train: Program {
  static let name = "train"
  static let summary = "trains networks on TFRecord files"
  static let options = CommandLineOptions([
    .config, .set,
    .init(
      "--instances", value: "N",
      help: "a committee: N trainings, seeds one apart, in train_dir/instance_<i>"),
  ])
  static let details = """
    [IO_INFORMATION]
      data_dir                   folder of *.tfrecord files
      input_format (TFR)         single_files: data_dir has *.bin files; example: it has *.example
                                 files, described by gvect_ini before the training
      train_dir                  folder for checkpoints, event files and the trained networks
      log_dir                    folder for delta_e.dat and delta_e_std.dat (.)
      save_checkpoint_steps (1)  max_ckpt_to_keep (100000)
      write_tf_checkpoints       True: checkpoints for TensorFlow too, model.ckpt-<step> (False)
      log_frequency (1)          tensorboard_log_frequency (log_frequency)
      gvect_ini                  the descriptors' configuration, kept with the networks so that
                                 predict and md can use them
    [DATA_INFORMATION]
      atomic_sequence            species in the order of their indices
      output_offset              an energy for each species, eV
      energy_rescale (1.0)
    [TRAINING_PARAMETERS]
      batch_size  max_steps  learning_rate
      learning_rate_constant (True); if False: learning_rate_decay_factor and
                                 learning_rate_decay_step (equation 13)
      beta1 (0.9)  beta2 (0.999)  adam_eps (1e-8)  clip_value (0.0: off)
      wscale_l1  wscale_l2  bscale_l1  bscale_l2  (0.0)
      loss_function (quad)       quad, exp_quad, quad_atom, quad_std_atom, exp_quad_atom,
                                 exp_quad_std_atom, quad_exp_tanh, quad_exp_tanh_atom,
                                 quad_exp_tanh_std_atom
      floss_function (quad)      quad, exp_quad, quad_atom, exp_quad_atom
                                 both may be a file in the graph language, *.graph: from errors or
                                 squared_errors, and atom_counts, to loss
      loss_cap (5.0)             the cap of the quad_exp_tanh losses (a of equation 15)
      energy_reduction (sum)     force_reduction (sum)   sum or mean over the batch
      forces_cost (0.0)          above 0: trains on forces too
      seed (0)                   of the initial networks and of the order of examples
    [DEFAULT_NETWORK] and a section for any species, named by its symbol
      g_size  architecture (n1:n2:1)  activations  trainable  nn_type (a2aff)
      graph                      instead of architecture: a file in the graph language, from
                                 descriptors to energies (see Graphs/network.graph)
      initialization (original)  of the weights: original, ±1/out; glorot; he
      networks_metadata          DEFAULT_NETWORK: folder of saved networks to begin with
      behavior                   species: for each layer keep (the saved one's), new (random) or
                                 load (from layer<i>_w_file and layer<i>_b_file, NumPy arrays)
      output_offset              species: its energy, eV
    [VALIDATION]                 optional: looks at structures that are not trained on
      data_dir                   folder of the same format as the training's
      frequency                  in steps (save_checkpoint_steps)
      patience (0)               ends the training after so many validations in a row that are no
                                 better by min_gain (0.0) than the best; 0: never
      criterion (energy)         what is best: energy, its RMSE per atom, or forces, their RMSE
      keep_best (True)           the best networks are kept in train_dir/best_networks
    [PARALLELIZATION]
      intra_op_parallelism_threads (0: as many as the process may use),
      inter_op_parallelism_threads (1; operations that run at a time)

    TensorBoard (tensorboard --logdir train_dir) shows the event files: curves by the original's tags,
    whose "RMSE" is a standard deviation, with RMSE and MAE in eV and eV/angstrom under 5.Errors and
    6.Validation beside them; histograms of weights and biases; the graph, with what its operations
    cost in five steps; the configuration.

    A training in a train_dir that holds checkpoints goes on from the newest one, this program's or
    TensorFlow's. Numbers that are not finite end it with the step, the term and the structures.
    """
  static let example = "  panna train --config train.ini"

  static func run(_ arguments: ParsedArguments) throws {
    let file = try arguments.configuration()
    let instances = try arguments.int("--instances", in: 1...1000)
    let configurations =
      try instances.map { count in
        try (0..<count).map { try TrainConfiguration(file, instance: $0) }
      } ?? [TrainConfiguration(file)]
    for key in configurations[0].ignored { warn("train: \(key) has no effect here") }
    for configuration in configurations { try TrainingRun(configuration).run() }
  }
}

/// One training from its data to the saved networks.
private struct TrainingRun {
  let configuration: TrainConfiguration
  /// What `gvect_ini` says.
  let descriptors: DescriptorConfiguration?
  let structures: [DescribedStructure]
  let trainer: Trainer

  init(_ configuration: TrainConfiguration) throws {
    self.configuration = configuration
    descriptors = try configuration.gvectIni.map {
      try DescriptorConfiguration(IniFile(path: $0.path))
    }
    structures = try Self.read(configuration, descriptors)
    let threads = configuration.threads == 0 ? ThreadCount.available : configuration.threads
    var model = configuration.networks.model
    if let descriptors { model.descriptors = descriptors.settings }
    var options = SessionOptions(
      intraOpParallelismThreads: threads, interOpParallelismThreads: configuration.interOpThreads)
    options.placement.log = { say("train: \($0)") }
    options.placement.logsAll = configuration.logsDevicePlacement
    trainer = try Trainer(
      model, objective: configuration.objective, schedule: configuration.schedule,
      options: options)
    let chosen = configuration.threads == 0 ? ThreadCount.explanation : "\(threads)"
    let parameters = model.networks.reduce(0) { $0 + $1.parameterCount }
    say("train: \(structures.count) structures, \(parameters) parameters, threads: \(chosen)")
  }

  private static func read(
    _ configuration: TrainConfiguration, _ descriptors: DescriptorConfiguration?
  ) throws -> [DescribedStructure] {
    let structures = try configuration.inputFormat.read(
      configuration.data, descriptors: descriptors,
      includesForces: configuration.objective.includesForces, threads: configuration.threads)
    guard structures.count >= configuration.schedule.batchSize else {
      throw WorkError(
        "\(configuration.data.path): \(structures.count) structures are fewer than batch_size ="
          + " \(configuration.schedule.batchSize)")
    }
    return structures
  }

  func run() throws {
    let output = configuration.output
    for folder in [output.trainDirectory, output.logDirectory] {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }
    let checkpoints = CheckpointFolder(output.trainDirectory)
    let checkpoint = try resume(checkpoints)
    let validation = try configuration.validation.map { validation in
      try TrainValidation(
        validation,
        structures: configuration.inputFormat.read(
          validation.data, descriptors: descriptors,
          includesForces: configuration.objective.includesForces, threads: configuration.threads),
        trainDirectory: output.trainDirectory, checkpoint: checkpoint)
    }
    let log = try TrainLog(configuration, trainer)
    let progress = ProgressReporter(
      "train", unit: "steps", total: configuration.schedule.maxSteps, first: trainer.step)
    let batches = makeBatches()
    func isOver() -> Bool {
      trainer.step >= configuration.schedule.maxSteps || validation?.isOver ?? false
    }
    while !isOver(), let batch = try batches.next() {
      let trace = log.trace(ofStep: trainer.step + 1)
      let step = try trainer.run(batch, trace: trace)
      try log.add(step)
      if let trace { try log.add(trace, step: step.step) }
      progress.advance(note: describe(step))
      try validation?.check(trainer, log)
      if isOver() || trainer.step.isMultiple(of: output.checkpointSteps) {
        try save(checkpoints, validation?.notes ?? [:])
      }
      try log.add(trainer)
    }
    batches.close()
    try log.close()
    progress.finish()
    if let summary = validation?.summary { say("train: \(summary)") }
    let folder = output.trainDirectory.appendingPathComponent("saved_networks")
    try trainer.model().write(to: folder)
    say("train: the networks are in \(folder.path)")
  }

  /// Batches in the seeded order, made ahead on a thread of their own.
  private func makeBatches() -> PrefetchQueue<TrainingBatch> {
    let size = configuration.schedule.batchSize
    let producer = BatchProducer(
      structures: structures,
      order: ShuffledOrder(count: structures.count, seed: configuration.seed),
      position: trainer.step * size, batchSize: size, make: trainer.batchMaker)
    return PrefetchQueue(capacity: 2) { try producer.next() }
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
    say("train: goes on from \(file), step \(step)")
    return checkpoint
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
      "structures": String(structures.count),
    ]
  }

  private func describe(_ step: TrainingStep) -> String {
    let energy = String(format: "%.3f meV/atom", 1000 * step.energyRMSEPerAtom)
    return step.forceRMSE.map { energy + String(format: ", %.3f eV/Å", $0) } ?? energy
  }
}

/// Makes the batches of a training one after the other.
private final class BatchProducer: @unchecked Sendable {
  // Used by the queue's thread only.
  private let structures: [DescribedStructure]
  private var order: ShuffledOrder
  private var position: Int
  private let batchSize: Int
  private let make: @Sendable ([DescribedStructure]) throws -> TrainingBatch

  init(
    structures: [DescribedStructure], order: ShuffledOrder, position: Int, batchSize: Int,
    make: @escaping @Sendable ([DescribedStructure]) throws -> TrainingBatch
  ) {
    self.structures = structures
    self.order = order
    self.position = position
    self.batchSize = batchSize
    self.make = make
  }

  func next() throws -> TrainingBatch {
    let batch = (0..<batchSize).map { structures[order.index(at: position + $0)] }
    position += batchSize
    return try make(batch)
  }
}
