/// What one step of a training found before it changed the networks.
public struct TrainingStep: Sendable {
  /// Counted from 1.
  public let step: Int
  public let learningRate: Double
  public let names: [String]
  /// Atoms of each structure.
  public let atomCounts: [Int]
  /// Predicted minus reference energy of each structure, in eV.
  public let energyErrors: [Double]
  public let energyLoss: Double
  public let regularizationLoss: Double
  /// The force term, not yet multiplied with its cost; nil without forces.
  public let forceLoss: Double?
  /// The squared norm of the force errors of each structure, in (eV/Å)²; nil without forces.
  public let squaredForceErrors: [Double]?
  /// The sum of the absolute errors of each structure's components, in eV/Å; nil without forces.
  public let absoluteForceErrors: [Double]?
  /// For each species the networks' outputs for its atoms, in eV.
  public let atomicEnergies: [[Double]]

  /// √⟨D²⟩, in eV.
  public var energyRMSE: Double { rootMeanSquare(energyErrors) }

  /// √⟨(D/n)²⟩, in eV an atom.
  public var energyRMSEPerAtom: Double { rootMeanSquare(energyErrorsPerAtom) }

  /// ⟨|D|⟩, in eV.
  public var energyMAE: Double { meanAbsolute(energyErrors) }

  /// ⟨|D|/n⟩, in eV an atom.
  public var energyMAEPerAtom: Double { meanAbsolute(energyErrorsPerAtom) }

  /// D/n of each structure, in eV.
  public var energyErrorsPerAtom: [Double] { zip(energyErrors, atomCounts).map { $0 / Double($1) } }

  /// The root mean square error of a force component, in eV/Å; nil without forces.
  public var forceRMSE: Double? {
    squaredForceErrors.map { ($0.reduce(0, +) / Double(componentCount)).squareRoot() }
  }

  /// The mean absolute error of a force component, in eV/Å; nil without forces.
  public var forceMAE: Double? {
    absoluteForceErrors.map { $0.reduce(0, +) / Double(componentCount) }
  }

  private var componentCount: Int { 3 * max(1, atomCounts.reduce(0, +)) }
}

/// ⟨|x|⟩, 0 for no numbers.
func meanAbsolute(_ numbers: [Double]) -> Double {
  numbers.reduce(0) { $0 + abs($1) } / Double(max(1, numbers.count))
}

/// √⟨x²⟩, 0 for no numbers.
func rootMeanSquare(_ numbers: [Double]) -> Double {
  (numbers.reduce(0) { $0 + $1 * $1 } / Double(max(1, numbers.count))).squareRoot()
}

/// Mean and standard deviation √(⟨x²⟩ − ⟨x⟩²), zeros for no numbers.
public func meanAndDeviation(_ numbers: [Double]) -> (mean: Double, deviation: Double) {
  guard !numbers.isEmpty else { return (0, 0) }
  let mean = numbers.reduce(0, +) / Double(numbers.count)
  return (mean, rootMeanSquare(numbers.map { $0 - mean }))
}
