import Foundation

/// How large some errors are.
struct ErrorStatistics: Equatable {
  let count: Int
  let rmse: Double
  let mae: Double
  /// The largest absolute error.
  let largest: Double
  /// Which part of the errors is larger than the threshold.
  let fractionAbove: Double

  /// - Precondition: there are errors.
  init(_ errors: [Double], threshold: Double) {
    precondition(!errors.isEmpty, "there are no errors to summarize")
    count = errors.count
    let number = Double(errors.count)
    rmse = (errors.reduce(0) { $0 + $1 * $1 } / number).squareRoot()
    mae = errors.reduce(0) { $0 + abs($1) } / number
    largest = errors.reduce(0) { max($0, abs($1)) }
    fractionAbove = Double(errors.count { abs($0) > threshold }) / number
  }
}

/// The errors of all structures or of a group of them.
struct GroupErrors: Equatable {
  let name: String
  let structures: Int
  /// In meV/atom, one for each structure; nil where they are not comparable with the references.
  let energy: ErrorStatistics?
  /// In eV/Å, one for each component; nil where forces were not computed.
  let force: ErrorStatistics?
}

/// The numbers that are set beside those of other work, by their names in configurations and results.
enum ErrorMeasure: String, CaseIterable {
  case energyRMSE = "energy_rmse"
  case energyMAE = "energy_mae"
  case energyMaximum = "energy_max"
  case energyFraction = "fraction_energy_above_5mev"
  case forceRMSE = "force_rmse"
  case forceMAE = "force_mae"
  case forceMaximum = "force_max"
  case forceFraction = "fraction_force_above_0.3"

  /// The errors of energies that are counted as large, in meV/atom.
  static let energyThreshold = 5.0
  /// The errors of force components that are counted as large, in eV/Å.
  static let forceThreshold = 0.3

  static let energies: [Self] = [.energyRMSE, .energyMAE, .energyMaximum, .energyFraction]
  static let forces: [Self] = [.forceRMSE, .forceMAE, .forceMaximum, .forceFraction]

  /// The value in meV/atom, eV/Å or as a fraction; nil where there are no such errors.
  func value(in errors: GroupErrors) -> Double? {
    switch self {
    case .energyRMSE: errors.energy?.rmse
    case .energyMAE: errors.energy?.mae
    case .energyMaximum: errors.energy?.largest
    case .energyFraction: errors.energy?.fractionAbove
    case .forceRMSE: errors.force?.rmse
    case .forceMAE: errors.force?.mae
    case .forceMaximum: errors.force?.largest
    case .forceFraction: errors.force?.fractionAbove
    }
  }

  var title: String {
    switch self {
    case .energyRMSE: "Energy RMSE"
    case .energyMAE: "Energy MAE"
    case .energyMaximum: "Largest energy error"
    case .energyFraction: "Energies off by more than 5 meV/atom"
    case .forceRMSE: "Force RMSE"
    case .forceMAE: "Force MAE"
    case .forceMaximum: "Largest force error"
    case .forceFraction: "Force components off by more than 0.3 eV/Å"
    }
  }

  /// What stands above a column of a table of both energies' and forces' errors.
  var tableTitle: String { "\(phrase) (\(unit))" }

  /// The title inside a sentence.
  var phrase: String { title.prefix(1).lowercased() + title.dropFirst() }

  /// What stands above the column of a table of energies' or of forces' errors.
  var columnTitle: String {
    switch self {
    case .energyRMSE: "RMSE (meV/atom)"
    case .energyMAE: "MAE (meV/atom)"
    case .energyMaximum: "largest (meV/atom)"
    case .energyFraction: "beyond 5 meV/atom"
    case .forceRMSE: "RMSE (eV/Å)"
    case .forceMAE: "MAE (eV/Å)"
    case .forceMaximum: "largest (eV/Å)"
    case .forceFraction: "beyond 0.3 eV/Å"
    }
  }

  var unit: String {
    switch self {
    case .energyRMSE, .energyMAE, .energyMaximum: "meV/atom"
    case .forceRMSE, .forceMAE, .forceMaximum: "eV/Å"
    case .energyFraction, .forceFraction: ""
    }
  }

  /// A value without its unit, fractions in percent; a dash for none.
  func number(_ value: Double?) -> String {
    guard let value else { return "–" }
    return switch self {
    case .energyFraction, .forceFraction: ReportText.number(100 * value) + " %"
    default: ReportText.number(value)
    }
  }

  /// A value with its unit; a dash for none.
  func text(_ value: Double?) -> String {
    number(value) + (value == nil || unit.isEmpty ? "" : " \(unit)")
  }

  /// A value as it was given, with its unit.
  func quoted(_ value: Double) -> String {
    switch self {
    case .energyFraction, .forceFraction: String(format: "%.6g %%", 100 * value)
    default: String(format: "%.6g \(unit)", value)
    }
  }
}
