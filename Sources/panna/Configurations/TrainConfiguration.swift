import AtomicNetworks
import Dataflow
import Foundation
import ProgramSupport

/// What `train` reads from its configuration file.
struct TrainConfiguration {
  /// Files and how often they are written.
  struct Output {
    let trainDirectory: URL
    /// Where `delta_e.dat` and `delta_e_std.dat` go.
    let logDirectory: URL
    let checkpointSteps: Int
    let checkpointsKept: Int
    let logFrequency: Int
    /// What `metrics.dat` holds; empty where there is none.
    let metrics: [TrainingMetric]
    let eventFrequency: Int
    /// Whether checkpoints for TensorFlow are written beside this program's.
    let writesTensorFlow: Bool
  }

  let data: URL
  let inputFormat: TrainingData
  /// The file as it was understood, for the record.
  let text: String
  let output: Output
  let objective: TrainingObjective
  let schedule: TrainingSchedule
  let seed: UInt64
  let pipeline: PipelineConfiguration
  let threads: Int
  /// Operations that run at a time; 0 for as many as the process may use threads.
  let interOpThreads: Int
  /// Whether the device of every operation is printed.
  let logsDevicePlacement: Bool
  var devices: TrainingDevices
  let networks: NetworkConfiguration
  /// Nil where nothing is validated during the training.
  let validation: ValidationConfiguration?
  /// The descriptors' configuration, to travel with the networks.
  let gvectIni: URL?
  /// Known keys that have no effect here, for a warning.
  let ignored: [String]

  private static let known: [String: [String]] = [
    "IO_INFORMATION": [
      "train_dir", "data_dir", "input_format", "save_checkpoint_steps", "max_ckpt_to_keep",
      "log_frequency", "tensorboard_log_frequency", "avg_speed_steps", "log_device_placement",
      "log_dir", "gvect_ini", "write_tf_checkpoints", "metrics",
    ] + PipelineConfiguration.dataKeys,
    "DATA_INFORMATION": [
      "atomic_sequence", "output_offset", "energy_rescale", "sparse_derivatives", "scaffold_type",
    ],
    "TRAINING_PARAMETERS": [
      "batch_size", "learning_rate", "max_steps", "learning_rate_constant",
      "learning_rate_decay_factor", "learning_rate_decay_step", "beta1", "beta2", "adam_eps",
      "wscale_l1", "wscale_l2", "bscale_l1", "bscale_l2", "clip_value", "half_derivatives",
      "loss_function",
      "floss_function", "forces_cost", "seed", "loss_cap", "energy_reduction", "force_reduction",
    ],
    "DEFAULT_NETWORK": NetworkConfiguration.defaultKeys,
    "VALIDATION": ValidationConfiguration.keys,
    "VALIDATION_OPTIONS": ValidationConfiguration.keys,
    "PARALLELIZATION": [
      "inter_op_parallelism_threads", "intra_op_parallelism_threads", "device",
      "log_device_placement",
    ] + PipelineConfiguration.parallelKeys,
  ]

  /// - Parameter instance: the member of a committee, with a seed and folders of its own.
  init(_ file: IniFile, instance: Int? = nil) throws {
    let io = try file.section("IO_INFORMATION")
    let training = try file.section("TRAINING_PARAMETERS")
    seed = UInt64(try training.int("seed", default: 0, in: 0...Int.max)) + UInt64(instance ?? 0)
    networks = try NetworkConfiguration(file, seed: seed)
    var known = Self.known
    for symbol in networks.species {
      known[symbol] = NetworkConfiguration.speciesKeys(file.optionalSection(symbol))
    }
    try file.check(known: known)
    data = try io.url("data_dir")
    text = file.markdown
    inputFormat = try io.choice("input_format", default: .packed)
    gvectIni = io.has("gvect_ini") || inputFormat == .examples ? try io.url("gvect_ini") : nil
    output = try Self.output(io, instance)
    objective = try Self.objective(training)
    validation = try ValidationConfiguration(
      file, frequency: output.checkpointSteps, trainsForces: objective.includesForces)
    schedule = try Self.schedule(training)
    let parallel = file.optionalSection("PARALLELIZATION")
    pipeline = try PipelineConfiguration(io, parallel, batchSize: schedule.batchSize)
    threads = try parallel.int("intra_op_parallelism_threads", default: 0, in: 0...4096)
    interOpThreads = try parallel.int("inter_op_parallelism_threads", default: 1, in: 0...4096)
    devices = try TrainingDevices(parallel)
    logsDevicePlacement = try Self.logsDevicePlacement(parallel, io)
    let data = file.optionalSection("DATA_INFORMATION")
    ignored =
      (data.has("sparse_derivatives") ? ["[DATA_INFORMATION] sparse_derivatives"] : [])
      + Self.ignored(training, objective, schedule)
      + io.keys.filter { $0.lowercased() == "avg_speed_steps" }.map { "[IO_INFORMATION] \($0)" }
      + (io.has("max_damaged_records") && pipeline.damaged == .strict
        ? ["[IO_INFORMATION] max_damaged_records without damaged_records = skip"] : [])
      + (validation?.ignored ?? [])
      + (inputFormat == .examples || pipeline.descriptorCache == nil
        ? [] : ["[IO_INFORMATION] descriptor_cache without input_format = example"])
      + (pipeline.slices != nil && parallel.has("slice_memory")
        ? ["[PARALLELIZATION] slice_memory with slices"] : [])
      + networks.species.flatMap { symbol in
        LayerBehaviour.unusedFiles(file.optionalSection(symbol)).map { "[\(symbol)] \($0)" }
      }
  }

  /// A key of `[PARALLELIZATION]` that the original has in `[IO_INFORMATION]`.
  private static func logsDevicePlacement(
    _ parallel: IniSection, _ io: IniSection
  ) throws -> Bool {
    let key = "log_device_placement"
    let (own, original) = (
      try parallel.bool(key, default: false), try io.bool(key, default: false)
    )
    guard parallel.has(key) else { return original }
    guard !io.has(key) || own == original else {
      throw parallel.error(
        key, "\(original ? "True" : "False") as in [\(io.name)], or only one of the two")
    }
    return own
  }

  /// Keys of what is switched off, or said by a text.
  private static func ignored(
    _ training: IniSection, _ objective: TrainingObjective, _ schedule: TrainingSchedule
  ) -> [String] {
    var keys: [String] = []
    if schedule.decay == nil { keys += ["learning_rate_decay_factor", "learning_rate_decay_step"] }
    if !objective.includesForces { keys.append("floss_function") }
    if !objective.includesForces || objective.forceLossSource != nil {
      keys.append("force_reduction")
    }
    if objective.energyLossSource != nil { keys.append("energy_reduction") }
    if !objective.energyLoss.hasCap || objective.energyLossSource != nil { keys.append("loss_cap") }
    return keys.filter { training.has($0) }.map { "[TRAINING_PARAMETERS] \($0)" }
  }

  private static func output(_ io: IniSection, _ instance: Int?) throws -> Output {
    func folder(_ key: String, default fallback: String? = nil) throws -> URL {
      let url = try io.url(key, default: fallback)
      return instance.map { Committee.instance($0, in: url) } ?? url
    }
    let logFrequency = try io.int("log_frequency", default: 1, in: 1...Int.max)
    return Output(
      trainDirectory: try folder("train_dir"), logDirectory: try folder("log_dir", default: "."),
      checkpointSteps: try io.int("save_checkpoint_steps", default: 1, in: 1...Int.max),
      checkpointsKept: try io.int("max_ckpt_to_keep", default: 100_000, in: 1...Int.max),
      logFrequency: logFrequency, metrics: try metrics(io),
      eventFrequency: try io.int(
        "tensorboard_log_frequency", default: logFrequency, in: 1...Int.max),
      writesTensorFlow: try io.bool("write_tf_checkpoints", default: false))
  }

  private static func metrics(_ io: IniSection) throws -> [TrainingMetric] {
    let names = try io.strings("metrics", default: [])
    let metrics = names.compactMap { TrainingMetric(rawValue: $0) }
    guard metrics.count == names.count, Set(names).count == names.count else {
      let allowed = TrainingMetric.allCases.map(\.rawValue).joined(separator: ", ")
      throw io.error("metrics", "some of \(allowed), none twice")
    }
    return metrics
  }

  private static func objective(_ training: IniSection) throws -> TrainingObjective {
    var objective = TrainingObjective()
    if let source = try lossSource(training, "loss_function") {
      objective.energyLossSource = source
    } else {
      objective.energyLoss = try training.choice("loss_function", default: .quad)
    }
    if let source = try lossSource(training, "floss_function") {
      objective.forceLossSource = source
    } else {
      objective.forceLoss = try training.choice("floss_function", default: .quad)
    }
    objective.lossCap = try training.double("loss_cap", default: EnergyLoss.cap, above: 0)
    objective.energyReduction = try training.choice("energy_reduction", default: .sum)
    objective.forceReduction = try training.choice("force_reduction", default: .sum)
    objective.forcesCost = try training.double("forces_cost", default: 0, atLeast: 0)
    objective.hasHalfDerivatives = try training.bool("half_derivatives", default: false)
    objective.clipValue = try training.double("clip_value", default: 0, atLeast: 0)
    objective.beta1 = try training.double("beta1", default: 0.9, atLeast: 0)
    objective.beta2 = try training.double("beta2", default: 0.999, atLeast: 0)
    for (key, value) in [("beta1", objective.beta1), ("beta2", objective.beta2)] where value >= 1 {
      throw training.error(key, "a number of at least 0 and below 1")
    }
    objective.adamEpsilon = try training.double("adam_eps", default: 1e-8, above: 0)
    objective.regularization.weightsL1 = try training.double("wscale_l1", default: 0, atLeast: 0)
    objective.regularization.weightsL2 = try training.double("wscale_l2", default: 0, atLeast: 0)
    objective.regularization.biasesL1 = try training.double("bscale_l1", default: 0, atLeast: 0)
    objective.regularization.biasesL2 = try training.double("bscale_l2", default: 0, atLeast: 0)
    return objective
  }

  /// A loss in the graph language, where the key names a file.
  private static func lossSource(_ training: IniSection, _ key: String) throws -> GraphSource? {
    guard try training.string(key, default: "quad").hasSuffix(".graph") else { return nil }
    return try GraphSource(training.url(key))
  }

  private static func schedule(_ training: IniSection) throws -> TrainingSchedule {
    let isConstant = try training.bool("learning_rate_constant", default: true)
    return TrainingSchedule(
      batchSize: try training.int("batch_size", in: 1...Int.max),
      maxSteps: try training.int("max_steps", in: 1...Int.max),
      learningRate: try training.double("learning_rate", above: 0),
      decay: isConstant
        ? nil
        : TrainingSchedule.Decay(
          factor: try training.double("learning_rate_decay_factor", above: 0),
          steps: try training.double("learning_rate_decay_step", above: 0)))
  }
}
