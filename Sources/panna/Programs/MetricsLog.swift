import AtomicNetworks
import Dataflow
import Foundation

/// What `metrics` asks for, by the names of PANNA's second generation.
enum TrainingMetric: String, CaseIterable {
  case meanAbsoluteError = "MAE"
  case rootMeanSquareError = "RMSE"
  case loss

  /// What the columns are called: of the energies, and of the forces.
  var columns: [String] {
    switch self {
    case .meanAbsoluteError: ["MAE/at", "F_MAE"]
    case .rootMeanSquareError: ["RMSE/at", "F_RMSE"]
    case .loss: ["e_loss", "f_loss"]
    }
  }

  /// The numbers of a step, errors in eV and eV/Å; that of the forces is nil where they are not trained on.
  func values(_ step: TrainingStep, rescale: Double) -> [Double?] {
    switch self {
    case .meanAbsoluteError:
      [step.energyMAEPerAtom / rescale, step.forceMAE.map { $0 / rescale }]
    case .rootMeanSquareError:
      [step.energyRMSEPerAtom / rescale, step.forceRMSE.map { $0 / rescale }]
    case .loss: [step.energyLoss, step.forceLoss]
    }
  }
}

/// `metrics.dat`: a line with the step and its errors for each logged step.
final class MetricsLog {
  static let name = "metrics.dat"

  private let metrics: [TrainingMetric]
  private let rescale: Double
  private let file: LogFile

  /// - Parameters:
  ///   - rescale: what energies and forces are multiplied with before they are trained on.
  ///   - step: lines of an earlier run are kept up to this step.
  init(
    _ file: URL, _ metrics: [TrainingMetric], includesForces: Bool, rescale: Double, step: Int
  ) throws {
    (self.metrics, self.rescale) = (metrics, rescale)
    let columns = metrics.flatMap { includesForces ? $0.columns : [$0.columns[0]] }
    let header = "#" + (["step"] + columns).joined(separator: " ")
    self.file = try LogFile(file, header: header, throughStep: step)
  }

  func add(_ step: TrainingStep) throws {
    let numbers = metrics.flatMap { $0.values(step, rescale: rescale) }.compactMap(\.self)
    let line = (["\(step.step)"] + numbers.map { String(format: "%.8g", $0) })
    try file.append(line.joined(separator: " "))
  }
}
