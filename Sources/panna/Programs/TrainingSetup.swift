import AtomicNetworks
import Atomistics
import Dataflow
import Foundation
import ProgramSupport

/// What a training is made of before its first step: the data, and the networks to begin with.
struct TrainingSetup {
  let configuration: TrainConfiguration
  /// What `gvect_ini` says.
  private let descriptors: DescriptorConfiguration?
  let structures: any StructureSource
  private let model: NetworkModel

  init(_ configuration: TrainConfiguration) throws {
    self.configuration = configuration
    descriptors = try configuration.gvectIni.map {
      try DescriptorConfiguration(IniFile(path: $0.path))
    }
    var model = configuration.networks.model
    if let descriptors { model.descriptors = descriptors.settings }
    self.model = model
    structures = try Self.read(configuration, descriptors)
  }

  private static func read(
    _ configuration: TrainConfiguration, _ descriptors: DescriptorConfiguration?
  ) throws -> any StructureSource {
    let structures = try configuration.inputFormat.structures(
      in: configuration.data, descriptors: descriptors,
      includesForces: configuration.objective.includesForces, configuration.pipeline)
    guard structures.count >= configuration.schedule.batchSize else {
      throw WorkError(
        "\(configuration.data.path): \(structures.count) structures are fewer than batch_size ="
          + " \(configuration.schedule.batchSize)")
    }
    let share = configuration.validation == nil ? 1 : 0.75
    return configuration.pipeline.cached(structures, share: share)
  }

  /// What a training is validated with.
  func validationStructures(_ validation: ValidationConfiguration) throws -> any StructureSource {
    let structures = try configuration.inputFormat.structures(
      in: validation.data, descriptors: descriptors,
      includesForces: configuration.objective.includesForces, configuration.pipeline)
    return configuration.pipeline.cached(structures, share: 0.25)
  }

  var parameterCount: Int { model.networks.reduce(0) { $0 + $1.parameterCount } }

  /// The networks as they are at the beginning, and what trains them.
  func makeTrainer(intraOpThreads: Int, interOpThreads: Int) throws -> Trainer {
    var options = SessionOptions(
      intraOpParallelismThreads: intraOpThreads, interOpParallelismThreads: interOpThreads)
    options.placement.log = { say("train: \($0)") }
    options.placement.logsAll = configuration.logsDevicePlacement
    return try Trainer(
      model, objective: configuration.objective, schedule: configuration.schedule,
      options: options)
  }

  /// Batches in the seeded order from the trainer's next step on, made ahead on threads of their own.
  func makeBatches(_ trainer: Trainer, _ options: BatchPipeline.Options) -> BatchPipeline {
    let size = configuration.schedule.batchSize
    return BatchPipeline(
      structures,
      order: ShuffledOrder(
        count: structures.count, seed: configuration.seed, window: configuration.pipeline.window),
      position: trainer.step * size, batchSize: size, options: options, make: trainer.batchMaker)
  }
}
