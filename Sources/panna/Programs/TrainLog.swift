import AtomicNetworks
import Dataflow
import Foundation
import ProgramSupport

/// The logs of a training: `delta_e.dat`, `delta_e_std.dat`, `validation.dat` and `metrics.dat` where they
/// are asked for, and TensorBoard's event file.
final class TrainLog {
  private static let (errorsName, statisticsName) = ("delta_e.dat", "delta_e_std.dat")

  private let errors: StepLog
  private let statistics: StepLog
  private let validations: LogFile?
  private let metrics: MetricsLog?
  private let events: EventWriter
  private let histograms: ParameterHistograms
  private let configuration: TrainConfiguration
  private let lossTag: String
  /// The steps whose operations are timed: everything is warm, and one of them is disturbed by nothing.
  private let tracedSteps: ClosedRange<Int>

  /// - Parameters:
  ///   - trainer: what goes on with the training.
  ///   - checkpoint: what it goes on from.
  init(_ configuration: TrainConfiguration, _ trainer: Trainer, checkpoint: Checkpoint?) throws {
    self.configuration = configuration
    let step = trainer.step
    let (first, last) = (step + 10, configuration.schedule.maxSteps)
    tracedSteps = min(first, last)...min(first + 4, last)
    let output = configuration.output
    func log(_ name: String) throws -> StepLog {
      try StepLog(
        output.logDirectory.appendingPathComponent(name), mark: checkpoint?.texts[name],
        keptLines: step / output.logFrequency)
    }
    (errors, statistics) = (try log(Self.errorsName), try log(Self.statisticsName))
    validations = try configuration.validation.map { _ in
      try LogFile(
        output.logDirectory.appendingPathComponent("validation.dat"),
        columns: configuration.objective.includesForces ? 5 : 4, throughStep: step)
    }
    metrics =
      output.metrics.isEmpty
      ? nil
      : try MetricsLog(
        output.logDirectory.appendingPathComponent(MetricsLog.name), output.metrics,
        includesForces: configuration.objective.includesForces,
        rescale: configuration.networks.model.energyRescale, step: step)
    let isNew = try step == 0 || EventReader.files(in: output.trainDirectory).isEmpty
    events = try EventWriter(folder: output.trainDirectory)
    histograms = try ParameterHistograms(configuration.networks.model.networks)
    // What was logged behind the checkpoint comes again.
    try events.writeStart(step: step + 1)
    if isNew { try events.write(graph: GraphDef(describing: trainer.graph.potential.graph)) }
    try events.write(text: configuration.text, tag: "hyperparameters", step: step)
    try events.flush()
    lossTag =
      configuration.objective.energyLossSource == nil
      ? configuration.objective.energyLoss.tag : "1.Losses/1.LOSS-graph"
  }

  /// What a checkpoint keeps of it.
  var notes: [String: String] {
    [Self.errorsName: errors.mark, Self.statisticsName: statistics.mark]
  }

  /// The scalar of the part of the time in which a training waited for its data.
  static let waitingTag = "7.Input/1.Waiting"

  /// What is to learn when each operation of a step runs; nil for most steps.
  func trace(ofStep step: Int) -> RunTrace? { tracedSteps.contains(step) ? RunTrace() : nil }

  /// What the operations of a step cost.
  func add(_ trace: RunTrace, step: Int) throws {
    try events.write(metadata: RunMetadata(trace), tag: "step \(step)", step: step)
    try events.flush()
  }

  /// - Parameter waiting: the part of the time so far in which the training waited for its data.
  func add(_ step: TrainingStep, waiting: Double) throws {
    if step.step.isMultiple(of: configuration.output.logFrequency) {
      let (mean, deviation) = meanAndDeviation(step.energyErrors)
      let (meanAbsolute, _) = meanAndDeviation(step.energyErrors.map { abs($0) })
      try errors.write(step.energyErrors)
      try statistics.write([mean, meanAbsolute, deviation])
      try metrics?.add(step)
    }
    if step.step.isMultiple(of: configuration.output.eventFrequency) {
      try events.write(scalars(step) + [(Self.waitingTag, waiting)], step: step.step)
      try events.flush()
    }
  }

  /// Histograms of all parameters, where it is time for them.
  func add(_ trainer: Trainer) throws {
    guard trainer.step.isMultiple(of: configuration.output.eventFrequency) else { return }
    try events.write(summary: histograms.summary(of: trainer.model().networks), step: trainer.step)
    try events.flush()
  }

  /// Step, RMSE of the energy, the same and the MAE per atom, RMSE of the forces.
  func add(_ result: ValidationResult, step: Int) throws {
    let errors = [result.energyRMSE, result.energyRMSEPerAtom, result.energyMAEPerAtom]
    try validations?.append([Double(step)] + errors + (result.forceRMSE.map { [$0] } ?? []))
    var scalars = [
      (tag: "6.Validation/1.Energy_RMSE", value: result.energyRMSE),
      (tag: "6.Validation/2.Energy_RMSE_atom", value: result.energyRMSEPerAtom),
      (tag: "6.Validation/3.Energy_MAE_atom", value: result.energyMAEPerAtom),
    ]
    if let force = result.forceRMSE { scalars.append(("6.Validation/4.Force_RMSE", force)) }
    if let force = result.forceMAE { scalars.append(("6.Validation/5.Force_MAE", force)) }
    try events.write(scalars, step: step)
    try events.flush()
  }

  /// The original's tags with the original's meanings (its "RMSE" is a standard deviation, of rescaled
  /// energies), and root mean square and mean absolute errors beside them.
  private func scalars(_ step: TrainingStep) -> [(tag: String, value: Double)] {
    let perAtom = step.energyErrorsPerAtom
    let rescale = configuration.networks.model.energyRescale
    var scalars: [(tag: String, value: Double)] = [
      (lossTag, step.energyLoss),
      ("1.Losses/2.Energy_RMSE", meanAndDeviation(step.energyErrors).deviation),
      ("1.Losses/3.Energy_RMSE_atom", meanAndDeviation(perAtom).deviation),
      ("1.Losses/4.Regularization_loss", step.regularizationLoss),
      ("5.Errors/1.Energy_RMSE", step.energyRMSE / rescale),
      ("5.Errors/2.Energy_RMSE_atom", step.energyRMSEPerAtom / rescale),
      ("5.Errors/4.Energy_MAE", step.energyMAE / rescale),
      ("5.Errors/5.Energy_MAE_atom", step.energyMAEPerAtom / rescale),
    ]
    if let forceLoss = step.forceLoss { scalars.append(("1.Losses/5.F_Loss", forceLoss)) }
    if let forceRMSE = step.forceRMSE {
      scalars.append(("5.Errors/3.Force_RMSE", forceRMSE / rescale))
    }
    if let forceMAE = step.forceMAE {
      scalars.append(("5.Errors/6.Force_MAE", forceMAE / rescale))
    }
    for (index, energies) in step.atomicEnergies.enumerated() {
      let name = "S\(index).\(configuration.networks.species[index])"
      let (mean, deviation) = meanAndDeviation(energies)
      scalars += [
        ("2.Mean_energy/\(name)", mean), ("3.Std_energy/\(name)", deviation),
        ("4.N_atoms/\(name)", Double(energies.count)),
      ]
    }
    return scalars + [("learning_rate", step.learningRate)]
  }

  func close() throws { try events.close() }
}
