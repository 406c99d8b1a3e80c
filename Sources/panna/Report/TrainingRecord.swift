import AtomicNetworks
import Dataflow
import Foundation
import ProgramSupport

/// What a training wrote into its event files.
struct TrainingRecord {
  /// The values of one scalar in the order of the steps.
  struct Curve: Equatable {
    var steps: [Double] = []
    var values: [Double] = []
  }

  /// The scalars that are shown.
  enum Quantity: String, CaseIterable {
    case energyRMSE = "energy_rmse"
    /// What the original logs as an RMSE: of the batch's errors without their mean, and of energies as
    /// `energy_rescale` has made them. There where nothing better is.
    case energyDeviation = "energy_standard_deviation"
    case forceRMSE = "force_rmse"
    case energyMAE = "energy_mae"
    case forceMAE = "force_mae"
    case validationEnergyRMSE = "validation_energy_rmse"
    case validationForceRMSE = "validation_force_rmse"
    case validationEnergyMAE = "validation_energy_mae"
    case validationForceMAE = "validation_force_mae"
    case energyLoss = "energy_loss"
    case forceLoss = "force_loss"
    case learningRate = "learning_rate"
    case waiting = "waiting_for_input"

    /// How the tags begin, the best one first.
    fileprivate var tags: [String] {
      switch self {
      case .energyRMSE: ["5.Errors/2.Energy_RMSE_atom"]
      case .energyDeviation: ["1.Losses/3.Energy_RMSE_atom"]
      case .forceRMSE: ["5.Errors/3.Force_RMSE", "1.Losses/Force_RMSE"]
      case .energyMAE: ["5.Errors/5.Energy_MAE_atom"]
      case .forceMAE: ["5.Errors/6.Force_MAE"]
      case .validationEnergyRMSE: ["6.Validation/2.Energy_RMSE_atom"]
      case .validationForceRMSE: ["6.Validation/4.Force_RMSE"]
      case .validationEnergyMAE: ["6.Validation/3.Energy_MAE_atom"]
      case .validationForceMAE: ["6.Validation/5.Force_MAE"]
      case .energyLoss: ["1.Losses/1.LOSS", "1.Losses/mul_1"]
      case .forceLoss: ["1.Losses/5.F_Loss"]
      case .learningRate: ["learning_rate"]
      case .waiting: [TrainLog.waitingTag]
      }
    }

    /// From what event files hold to what is shown: eV to meV.
    fileprivate var factor: Double {
      switch self {
      case .energyRMSE, .energyDeviation, .energyMAE, .validationEnergyRMSE, .validationEnergyMAE:
        1000
      default: 1
      }
    }

    /// Whether values are put together as root mean squares, not as means.
    var isRMS: Bool { [.energyRMSE, .energyDeviation, .forceRMSE].contains(self) }

    /// Whether one value says all, so that nothing is gained by averages over steps.
    var isExact: Bool {
      self == .learningRate || self == .waiting || rawValue.hasPrefix("validation")
    }
  }

  /// What the networks of a species give for its atoms in each batch.
  struct Species {
    let symbol: String
    /// Atoms in the batch.
    let atoms: Curve
    /// In eV; of batches with such atoms.
    let mean: Curve
    let deviation: Curve

    /// By the original's tags; nil where one is missing.
    ///
    /// - Parameter rescale: what energies were multiplied with.
    fileprivate init?(
      _ label: Substring, _ scalars: [String: [EventScalar]], rescale: Double
    ) {
      let tags = [("4.N_atoms", 1), ("2.Mean_energy", 1 / rescale), ("3.Std_energy", 1 / rescale)]
      let curves = tags.compactMap { tag, factor in
        scalars["\(tag)/\(label)"].map { Curve($0, times: factor) }
      }
      guard curves.count == 3 else { return nil }
      symbol = label.split(separator: ".", maxSplits: 1).last.map(String.init) ?? String(label)
      let absent = Set(zip(curves[0].steps, curves[0].values).filter { $1 == 0 }.map(\.0))
      atoms = curves[0]
      mean = curves[1].filtered { !absent.contains($0) }
      deviation = curves[2].filtered { !absent.contains($0) }
    }
  }

  /// In the order of their indices.
  let species: [Species]
  /// What the operations of a step cost: the quickest of the newest file; nil where none was recorded.
  let cost: EventRunMetadata?
  /// Energies' errors in meV/atom, forces' in eV/Å.
  private(set) var curves: [Quantity: Curve] = [:]

  /// The largest step that a place on an axis tells from its neighbours.
  private static let largestStep = 1 << 53

  /// Reads the event files of a folder.
  ///
  /// - Throws: `NothingLogged` where none of the scalars is there; `WorkError` or `FormatError` that names
  ///   the folder or file.
  init(folder: URL) throws {
    let files = try Self.files(in: folder).map { try EventReader.contents(of: $0) }
    let scalars = Self.merged(files.map(\.scalars))
    if let wrong = scalars.first(where: { $0.step > Self.largestStep }) {
      throw WorkError(
        "\(folder.path): the event files hold step \(wrong.step); expected at most"
          + " \(Self.largestStep)")
    }
    let byTag = Dictionary(grouping: scalars, by: \.tag)
    let labels = byTag.keys.filter { $0.hasPrefix("4.N_atoms/") }.map { $0.dropFirst(10) }
    // Only the networks say it, whose outputs are logged as they are.
    let rescale =
      labels.isEmpty ? 1 : TrainedNetworks(folder).newest { _ in }?.model.energyRescale ?? 1
    species = labels.sorted { $0.compare($1, options: .numeric) == .orderedAscending }
      .compactMap { Species($0, byTag, rescale: rescale) }
    cost = files.last { !$0.runMetadata.isEmpty }?.runMetadata
      .min { $0.metadata.nanoseconds < $1.metadata.nanoseconds }
    for quantity in Quantity.allCases {
      let names = quantity.tags.lazy.compactMap { tag in
        byTag.keys.filter { $0.hasPrefix(tag) }.min()
      }
      guard let tag = names.first else { continue }
      curves[quantity] = Curve(byTag[tag]!, times: quantity.factor)
    }
    if curves[.energyRMSE] != nil { curves[.energyDeviation] = nil }
    let logged = curves.values.compactMap(\.steps.last).max().map { Int($0) }
    lastStep = max(logged ?? 0, TrainedNetworks(folder).steps.last ?? 0)
    guard !curves.isEmpty else {
      throw NothingLogged(folder: folder, tags: byTag.keys.sorted())
    }
  }

  /// The event files in the order in which they were begun.
  private static func files(in folder: URL) throws -> [URL] {
    let names = try FolderListing.names(in: folder)
    let files = try EventReader.files(in: folder)
    guard !files.isEmpty else {
      throw WorkError(
        "\(folder.path): there is no events.out.tfevents.* among its"
          + " \(ReportText.count(names.count, "file", "files"))")
    }
    return files
  }

  /// The scalars of successive files: where a later file begins, what earlier ones say ends.
  static func merged(_ files: [[EventScalar]]) -> [EventScalar] {
    files.reduce(into: []) { result, scalars in
      guard let first = scalars.map(\.step).min() else { return }
      result.removeAll { $0.step >= first }
      result += scalars
    }
  }

  /// The last step that anything is known of: not every one is logged, but a training ends with a checkpoint.
  let lastStep: Int
}

extension TrainingRecord.Curve {
  fileprivate init(_ scalars: [EventScalar], times factor: Double = 1) {
    self.init(steps: scalars.map { Double($0.step) }, values: scalars.map { $0.value * factor })
  }

  /// The values of some of the steps.
  func filtered(_ isWanted: (Double) -> Bool) -> Self {
    let kept = steps.indices.filter { isWanted(steps[$0]) }
    return Self(steps: kept.map { steps[$0] }, values: kept.map { values[$0] })
  }

  /// The value at a step, nil where there is none.
  func value(at step: Double) -> Double? { steps.firstIndex(of: step).map { values[$0] } }

  /// Root mean squares, or means, of about `count` equally long stretches.
  func averaged(count: Int, isRMS: Bool) -> Self {
    let length = (values.count + count - 1) / count
    return stride(from: 0, to: values.count, by: max(1, length)).reduce(into: Self()) {
      let stretch = $1..<Swift.min($1 + length, values.count)
      $0.steps.append(steps[stretch].reduce(0, +) / Double(stretch.count))
      $0.values.append(Self.mean(values[stretch], isRMS: isRMS))
    }
  }

  /// The root mean square, or mean, of the last values.
  func final(_ count: Int, isRMS: Bool) -> Double { Self.mean(values.suffix(count), isRMS: isRMS) }

  private static func mean(_ values: ArraySlice<Double>, isRMS: Bool) -> Double {
    let number = Double(values.count)
    return isRMS
      ? (values.reduce(0) { $0 + $1 * $1 } / number).squareRoot() : values.reduce(0, +) / number
  }
}

/// Event files have none of the scalars that are shown: a training may have ended before it logged any.
struct NothingLogged: Error, CustomStringConvertible {
  let folder: URL
  /// Those that are there.
  let tags: [String]

  var found: String {
    tags.isEmpty ? "no scalars" : tags.map { "\"\($0)\"" }.joined(separator: ", ")
  }

  var description: String {
    let known = TrainingRecord.Quantity.allCases.map { "\"\($0.tags[0])\"" }
    return "\(folder.path): the event files hold \(found); expected one of"
      + " \(known.joined(separator: ", "))"
  }
}

/// Lists folders.
enum FolderListing {
  static func isFolder(_ url: URL) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder)
      && isFolder.boolValue
  }

  /// The names of all that is in a folder.
  ///
  /// - Throws: `WorkError` where it cannot be read.
  static func names(in folder: URL) throws -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: folder.path)
    } catch {
      throw WorkError("\(folder.path): cannot be read: \(error.localizedDescription)")
    }
  }
}
