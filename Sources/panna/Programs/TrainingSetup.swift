import AtomicNetworks
import Atomistics
import Dataflow
import Foundation
import ProgramSupport

/// What a training is made of before its first step: the data, and the networks to begin with.
struct TrainingSetup {
  let configuration: TrainConfiguration
  let structures: any StructureSource
  /// Those of [VALIDATION], nil where there is none.
  let validationStructures: (any StructureSource)?
  private let model: NetworkModel

  /// How many structures are looked at before anything is written, evenly spaced.
  private static let checked = 1000

  init(_ configuration: TrainConfiguration) throws {
    self.configuration = configuration
    let descriptors = try configuration.gvectIni.map {
      try DescriptorConfiguration(IniFile(path: $0.path))
    }
    let share = configuration.validation == nil ? 1 : 0.75
    structures = try Self.read(configuration.data, configuration, descriptors, share: share)
    guard structures.count >= configuration.schedule.batchSize else {
      throw WorkError(
        "\(configuration.data.path): \(structures.count) structures are fewer than batch_size ="
          + " \(configuration.schedule.batchSize)")
    }
    validationStructures = try configuration.validation.map { validation in
      try Self.read(validation.data, configuration, descriptors, share: 0.25)
    }
    model = try Self.model(configuration, descriptors)
  }

  /// - Parameter share: of the memory for structures.
  private static func read(
    _ folder: URL, _ configuration: TrainConfiguration, _ descriptors: DescriptorConfiguration?,
    share: Double
  ) throws -> any StructureSource {
    let structures = try configuration.inputFormat.structures(
      in: folder, descriptors: descriptors,
      includesForces: configuration.objective.includesForces, configuration.pipeline)
    return configuration.pipeline.cached(structures, share: share)
  }

  /// The networks to begin with, which take descriptors as gvect_ini says, or the data's own record.
  ///
  /// - Throws: `WorkError` where the two differ.
  private static func model(
    _ configuration: TrainConfiguration, _ descriptors: DescriptorConfiguration?
  ) throws -> NetworkModel {
    var model = configuration.networks.model
    let isDescribed = configuration.inputFormat != .examples
    let described = isDescribed ? try DescriptorRecord(in: configuration.data)?.settings() : nil
    let settings = descriptors?.settings ?? described
    if let settings, isDescribed {
      let source = configuration.gvectIni?.path ?? DescriptorRecord.path(in: configuration.data)
      for folder in [configuration.data] + (configuration.validation.map { [$0.data] } ?? []) {
        try DescriptorRecord.check(settings, in: folder, by: source)
      }
    }
    if let settings {
      if let conflict = model.conflict(with: settings) {
        warn("train: networks_metadata: \(conflict)")
      }
      model.descriptors = settings
      // The data may be another program's, and nothing says what it took.
      model.assumesEpsilon = isDescribed && described == nil && descriptors?.assumesEpsilon == true
      if let caveat = model.caveat { warn("train: gvect_ini: \(caveat)") }
      if configuration.gvectIni == nil {
        do { _ = try model.descriptorSize() } catch let error as NetworkError {
          throw NetworkError(
            file: DescriptorRecord.path(in: configuration.data), error.message)
        }
      }
    } else if let caveat = model.caveat {
      warn("train: networks_metadata: \(caveat); gvect_ini may say another")
    }
    return model
  }

  /// Looks whether the networks can be used for the structures, and how good their energies are: at all of them, or
  /// many where there are more.
  ///
  /// - Returns: what tells the structures, and those of [VALIDATION] where there is one, from others in another order.
  /// - Throws: `DataError` that names the first for which they cannot.
  func check(
    with trainer: Trainer
  ) throws -> (training: StructureDigest, validation: StructureDigest?) {
    var precision = EnergyPrecision()
    func check(_ source: any StructureSource) throws -> StructureDigest {
      var digest = StructureDigest(count: source.count)
      for index in stride(from: 0, to: source.count, by: max(1, source.count / Self.checked)) {
        let structure = try source.structure(at: index)
        try trainer.check([structure])
        precision.add(structure)
        digest.add(structure)
      }
      return digest
    }
    let digests = (try check(structures), try validationStructures.map(check))
    if let caveat = precision.caveat { warn("train: \(caveat)") }
    return digests
  }

  var parameterCount: Int { model.networks.reduce(0) { $0 + $1.parameterCount } }

  /// The networks as they are at the beginning, and what trains them.
  func makeTrainer(intraOpThreads: Int, interOpThreads: Int) throws -> Trainer {
    var options = SessionOptions(
      intraOpParallelismThreads: intraOpThreads, interOpParallelismThreads: interOpThreads)
    options.placement = try configuration.devices.placement { say("train: \($0)") }
    options.placement.log = { say("train: \($0)") }
    options.placement.logsAll = configuration.logsDevicePlacement
    let devices = options.placement.devices.dropFirst().map(\.name)
    try checkSlices(devices: devices.count, threads: intraOpThreads)
    return try Trainer(
      model, objective: configuration.objective, schedule: configuration.schedule,
      options: options, slicing: configuration.pipeline.slicing(devices: devices.count),
      sliceDevices: devices)
  }

  /// Checks that batches can be cut into slices, where they are to be.
  private func checkSlices(devices: Int, threads: Int) throws {
    guard case .count = configuration.pipeline.slicing(devices: devices) else { return }
    guard TrainingGraph.canSlice(model.networks, configuration.objective) else {
      let key = configuration.pipeline.slices.map { "slices = \($0)" }
      throw WorkError("\(key ?? "device = \(configuration.devices)"): \(Trainer.noSlices)")
    }
    if devices > threads {
      warn(
        "train: \(devices) devices share a batch, but intra_op_parallelism_threads lets"
          + " \(threads) compute at a time")
    }
  }

  /// Batches in the seeded order from the trainer's next step on, made ahead on threads of their own.
  func makeBatches(_ trainer: Trainer, _ options: BatchPipeline.Options) -> BatchPipeline {
    let size = configuration.schedule.batchSize
    return BatchPipeline(
      structures,
      order: ShuffledOrder(
        count: structures.count, seed: configuration.seed, window: configuration.pipeline.window),
      position: trainer.step * size, batchSize: size, options: options, make: trainer.batchMaker,
      sender: trainer.batchSender)
  }
}
