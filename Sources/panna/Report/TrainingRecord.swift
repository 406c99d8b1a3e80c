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
    case forceRMSE = "force_rmse"
    case energyLoss = "energy_loss"
    case forceLoss = "force_loss"
    case learningRate = "learning_rate"

    /// How the tags begin, the best one first.
    fileprivate var tags: [String] {
      switch self {
      case .energyRMSE: ["5.Errors/2.Energy_RMSE_atom", "1.Losses/3.Energy_RMSE_atom"]
      case .forceRMSE: ["5.Errors/3.Force_RMSE", "1.Losses/Force_RMSE"]
      case .energyLoss: ["1.Losses/1.LOSS", "1.Losses/mul_1"]
      case .forceLoss: ["1.Losses/5.F_Loss"]
      case .learningRate: ["learning_rate"]
      }
    }

    /// From what event files hold to what is shown: eV to meV.
    fileprivate var factor: Double { self == .energyRMSE ? 1000 : 1 }
  }

  /// Energies' errors in meV/atom, forces' in eV/Å.
  private(set) var curves: [Quantity: Curve] = [:]

  /// Reads the event files of a folder.
  ///
  /// - Throws: `WorkError` or `FormatError` that names the folder or file.
  init(folder: URL) throws {
    let files = try Self.files(in: folder)
    let scalars = Self.merged(try files.map { try EventReader.scalars(in: $0) })
    let byTag = Dictionary(grouping: scalars, by: \.tag)
    for quantity in Quantity.allCases {
      let names = quantity.tags.lazy.compactMap { tag in
        byTag.keys.filter { $0.hasPrefix(tag) }.min()
      }
      guard let tag = names.first else { continue }
      curves[quantity] = Curve(
        steps: byTag[tag]!.map { Double($0.step) },
        values: byTag[tag]!.map { $0.value * quantity.factor })
    }
    guard !curves.isEmpty else {
      let found = byTag.keys.sorted().map { "\"\($0)\"" }.joined(separator: ", ")
      let tags = Quantity.allCases.map { "\"\($0.tags[0])\"" }.joined(separator: ", ")
      throw WorkError(
        "\(folder.path): the event files hold \(found.isEmpty ? "no scalars" : found);"
          + " expected one of \(tags)")
    }
  }

  /// The event files in the order in which they were begun.
  private static func files(in folder: URL) throws -> [URL] {
    let names = try FolderListing.names(in: folder)
    let files = names.filter { $0.hasPrefix("events.out.tfevents.") }
      .sorted { $0.compare($1, options: .numeric) == .orderedAscending }
    guard !files.isEmpty else {
      throw WorkError(
        "\(folder.path): there is no events.out.tfevents.* among its"
          + " \(ReportText.count(names.count, "file", "files"))")
    }
    return files.map { folder.appendingPathComponent($0) }
  }

  /// The scalars of successive files: where a later file begins, what earlier ones say ends.
  static func merged(_ files: [[EventScalar]]) -> [EventScalar] {
    files.reduce(into: []) { result, scalars in
      guard let first = scalars.map(\.step).min() else { return }
      result.removeAll { $0.step >= first }
      result += scalars
    }
  }

  /// The last step that anything is known of.
  var lastStep: Int { Int(curves.values.compactMap(\.steps.last).max() ?? 0) }
}

extension TrainingRecord.Curve {
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

/// Lists folders.
enum FolderListing {
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
