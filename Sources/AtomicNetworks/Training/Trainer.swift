import Atomistics
import Dataflow

/// Trains networks step by step.
///
///     let trainer = try Trainer(model, objective: objective, schedule: schedule)
///     while trainer.step < schedule.maxSteps {
///       let report = try trainer.run(try trainer.batch(of: structures))
///     }
public final class Trainer {
  public let graph: TrainingGraph
  public let schedule: TrainingSchedule
  /// Updates taken so far.
  public private(set) var step: Int
  /// Puts structures together for a step, on any thread.
  public let batchMaker: BatchMaker
  /// Sends batches to the device that computes the steps ahead of their use; nil where that reads them at the host, or
  /// several share them.
  public let batchSender: BatchSender?
  let initial: NetworkModel
  let session: Session
  private let descriptorSize: Int
  /// The structures of the last step.
  private var lastNames: [String] = []

  /// The derivatives of descriptors that a slice of a batch has, in bytes: about what a processor's cache keeps
  /// from one use to the next.
  public static let sliceByteCount = 4 << 20

  /// - Parameters:
  ///   - slicing: how steps take a batch. Slices by their derivatives are for training on forces on the CPU, where
  ///     the losses are sums and the networks layers; otherwise such batches are taken as a whole.
  ///   - sliceDevices: those among the options' that compute the slices in turn; empty for the one that computes
  ///     everything else.
  /// - Throws: `NetworkError` or `GraphError` where the networks do not fit together, or a number of slices is asked
  ///   for where there can be none.
  public init(
    _ model: NetworkModel, objective: TrainingObjective, schedule: TrainingSchedule,
    elementType: ElementType = .float32, options: SessionOptions = SessionOptions(),
    slicing: BatchSlicing = .derivatives(byteCount: Trainer.sliceByteCount),
    sliceDevices: [DeviceName] = []
  ) throws {
    descriptorSize = try model.descriptorSize()
    initial = model
    self.schedule = schedule
    let isSliced =
      switch slicing {
      case .whole: false
      // What has memory of its own is fed once, and reads it faster than slices could be cut.
      case .derivatives: objective.includesForces && options.placement.defaultDevice.isEmpty
      case .count: true
      }
    graph = try TrainingGraph(
      model.networks, objective: objective, elementType: elementType, isSliced: isSliced,
      sliceDevices: sliceDevices)
    if case .count = slicing, graph.slices == nil { throw NetworkError(Self.noSlices) }
    session = Session(graph.potential.graph, options: options)
    step = 0
    batchMaker = BatchMaker(
      descriptorSize: descriptorSize, offsets: model.networks.map(\.offset),
      rescale: model.energyRescale, includesForces: objective.includesForces,
      hasHalfBlocks: objective.hasHalfDerivatives,
      slicing: graph.slices == nil ? .whole : slicing, elementType: elementType)
    let placement = options.placement
    let device = placement.devices.first {
      !placement.defaultDevice.isEmpty && placement.defaultDevice.matches($0.name)
    }
    batchSender = graph.slices == nil ? device?.memory.map { BatchSender($0) } : nil
    try graph.potential.initialize(session, with: model.networks)
  }

  /// Why a batch is not to be cut into a number of slices.
  public static let noSlices =
    "a batch can be cut into slices where losses are sums over its structures and networks are layers"

  /// The networks as they are now.
  public func model() throws -> NetworkModel {
    var model = initial
    model.networks = try graph.potential.networks(like: model.networks, from: session)
    return model
  }

  /// Checks that the networks can be used for all of some structures.
  ///
  /// - Throws: `DataError` that names the first for which they cannot.
  public func check(_ structures: [DescribedStructure]) throws {
    for structure in structures {
      try structure.view.check(
        speciesCount: initial.networks.count, descriptorSize: descriptorSize,
        includesForces: graph.objective.includesForces)
    }
  }

  /// Puts structures together for a step.
  public func batch(of structures: [DescribedStructure]) throws -> TrainingBatch {
    try batchMaker.batch(of: structures.indices, in: structures)
  }

  /// Takes one step and returns what it found before the update.
  ///
  /// - Parameter trace: learns when each operation of the step ran.
  /// - Throws: `NonFiniteError` where a term of the loss is no finite number; the networks are then
  ///   not to be used.
  public func run(_ batch: TrainingBatch, trace: RunTrace? = nil) throws -> TrainingStep {
    let rate = schedule.learningRate(at: step)
    let results = try session.run(
      fetches, feeds: try stepFeeds(batch, learningRate: rate), targets: [graph.step],
      options: RunOptions(trace: trace)
    ).map(\.inDouble)
    withExtendedLifetime(batch.ahead) {}
    step += 1
    lastNames = batch.batch.names
    let report = report(batch.batch, results, rate)
    try report.checkFinite()
    return report
  }

  /// What a step is asked for.
  private var fetches: [Value] {
    let found = graph.findings
    let forces = [found.forceLoss, found.squaredForceErrors, found.absoluteForceErrors]
    return [found.energyErrors, found.energyLoss, graph.regularizationLoss, found.atomicEnergies]
      + forces.compactMap { $0 }
  }

  /// What a step does, operation by operation, with a batch and with a slice of it.
  public func planDescription(for batch: TrainingBatch) throws -> String {
    try session.planDescription(
      feeds: Array(try stepFeeds(batch, learningRate: 0).keys), fetches: fetches,
      targets: [graph.step])
  }

  private func report(_ batch: Batch, _ results: [[Double]], _ rate: Double) -> TrainingStep {
    var atomicEnergies = batch.descriptors.map { _ in [Double]() }
    var start = 0
    for slice in batch.slices {
      for (species, count) in slice.atoms.enumerated() {
        atomicEnergies[species] += results[3][start..<start + count]
        start += count
      }
    }
    return TrainingStep(
      step: step, learningRate: rate, names: batch.names, atomCounts: batch.atomCounts,
      energyErrors: results[0], energyLoss: results[1][0], regularizationLoss: results[2][0],
      forceLoss: results.count > 4 ? results[4][0] : nil,
      squaredForceErrors: results.count > 5 ? results[5] : nil,
      absoluteForceErrors: results.count > 6 ? results[6] : nil, atomicEnergies: atomicEnergies)
  }

  func feeds(_ batch: TrainingBatch, learningRate: Double) -> [Value: Tensor] {
    let type = graph.potential.elementType
    func floats(_ numbers: [Float]) -> Tensor { Tensor(numbers).converted(to: type) }
    var feeds = batch.batch.feeds(graph.potential)
    feeds[graph.referenceEnergies] = floats(batch.referenceEnergies)
    feeds[graph.atomCounts] = floats(batch.batch.atomCounts.map { Float($0) })
    feeds[graph.learningRate] = Tensor(learningRate).converted(to: type)
    if let forces = graph.forces, let tensors = batch.batch.forces {
      feeds.merge(tensors.feeds(forces)) { $1 }
    }
    return feeds
  }

  /// What a step is fed with: the batch as a whole, or its slices.
  private func stepFeeds(
    _ batch: TrainingBatch, learningRate: Double
  ) throws -> [Value: Tensor] {
    var feeds = feeds(batch, learningRate: learningRate)
    guard let slices = graph.slices else { return feeds }
    for (input, whole) in zip(graph.inputs, slices.inputs) {
      feeds[whole] = feeds.removeValue(forKey: input)
    }
    feeds[slices.starts] = try batch.batch.sliceStarts(
      of: graph.inputs.map { $0.shape[0] }, in: graph.potential)
    return feeds
  }

  // MARK: Restart

  /// All variables by their names: weights, Adam's averages and powers.
  ///
  /// - Throws: `NonFiniteError` where one is no finite number: such a state is not worth keeping.
  public func state() throws -> [(name: String, value: Tensor)] {
    try session.graph.variables.map { variable in
      let value = try session.value(of: variable)
      if let wrong = value.inDouble.first(where: { !$0.isFinite }) {
        throw NonFiniteError(step: step, term: variable.name, value: wrong, names: lastNames)
      }
      return (variable.name, value)
    }
  }

  /// Goes on from a state after `step` updates.
  ///
  /// - Throws: `NetworkError` where a variable is missing, `GraphError` where one does not fit.
  public func restore(_ state: [String: Tensor], step: Int) throws {
    for variable in session.graph.variables {
      guard let value = state[variable.name] else {
        // What an optimizer keeps is named behind the parameter that it is of.
        let isOfParameter = state.keys.contains { variable.name.hasPrefix($0 + "/") }
        throw NetworkError(
          "the checkpoint has no variable \(variable.name)"
            + (isOfParameter
              ? ": what it is of was not trained before; begin a training with the saved networks instead"
              : ""))
      }
      try session.assign(value, to: variable)
    }
    self.step = step
  }
}

/// A batch and what the networks are to give for it.
public struct TrainingBatch: Sendable {
  public let batch: Batch
  /// Without offsets, rescaled, in eV.
  public let referenceEnergies: [Float]
  /// Its tensors on their way to a device.
  var ahead: (any TensorsAhead)?
}

/// A term of the loss that is no finite number.
public struct NonFiniteError: Error, CustomStringConvertible, Sendable {
  public let step: Int
  public let term: String
  public let value: Double
  /// The structures of the batch.
  public let names: [String]

  public var description: String {
    "step \(step): \(term) is \(value) for the batch \(names.joined(separator: ", "))"
  }
}

extension TrainingStep {
  fileprivate func checkFinite() throws {
    func check(_ term: String, _ values: [Double]) throws {
      for (name, value) in zip(names, values) where !value.isFinite {
        throw NonFiniteError(step: step, term: "\(term) of \(name)", value: value, names: names)
      }
    }
    try check("the energy error", energyErrors)
    try check("the squared force error", squaredForceErrors ?? [])
    let terms = [
      ("the energy loss", energyLoss), ("the force loss", forceLoss ?? 0),
      ("the regularization", regularizationLoss),
    ]
    for (term, value) in terms where !value.isFinite {
      throw NonFiniteError(step: step, term: term, value: value, names: names)
    }
  }
}

extension Batch {
  /// What a graph of networks is fed with.
  func feeds(_ potential: PotentialGraph) -> [Value: Tensor] {
    var feeds = Dictionary(uniqueKeysWithValues: zip(potential.descriptors, descriptors))
    feeds[potential.structureOfAtom] = structureOfAtom
    return feeds
  }
}

extension Batch.ForceTensors {
  func feeds(_ forces: ForceGraph) -> [Value: Tensor] {
    var feeds = [
      forces.blocks: blocks, forces.rowStarts: rowStarts, forces.neighbours: neighbours,
      forces.referenceForces: referenceForces,
    ]
    if let scales = forces.blockScales { feeds[scales] = blockScales }
    return feeds
  }
}

extension Tensor {
  /// The elements of a floating-point tensor.
  var inDouble: [Double] { converted(to: .float64).scalars(as: Double.self) }
}
