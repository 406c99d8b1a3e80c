import Atomistics
import Dataflow

/// How far networks are from structures that they are not trained on.
public struct ValidationResult: Sendable, Equatable {
  public let structures: Int
  /// √⟨D²⟩, in eV.
  public let energyRMSE: Double
  /// √⟨(D/n)²⟩, in eV an atom.
  public let energyRMSEPerAtom: Double
  /// ⟨|D|/n⟩, in eV an atom.
  public let energyMAEPerAtom: Double
  /// Errors of a component, in eV/Å; nil where the training is on energies alone.
  public let forceRMSE: Double?
  public let forceMAE: Double?
}

extension Trainer {
  /// Compares the networks as they are now with some structures, without changing anything.
  ///
  /// - Throws: `DataError` that names a structure the networks cannot be used for; `NonFiniteError` with those
  ///   whose error is no finite number.
  public func validate(_ structures: any StructureSource) throws -> ValidationResult {
    var (errors, atomCounts): ([Double], [Int]) = ([], [])
    var (squaredForces, absoluteForces) = (0.0, 0.0)
    let fetches =
      [graph.energyErrors] + (graph.forces.map { [$0.squaredErrors, $0.absoluteErrors] } ?? [])
    for start in stride(from: 0, to: structures.count, by: schedule.batchSize) {
      let end = min(start + schedule.batchSize, structures.count)
      let batch = try batchMaker.batch(of: start..<end, in: structures, isWhole: true)
      let results = try session.run(fetches, feeds: feeds(batch, learningRate: 0)).map(\.inDouble)
      try checkFinite(results, batch.batch)
      errors += results[0].map { $0 / initial.energyRescale }
      atomCounts += batch.batch.atomCounts
      if results.count > 1 {
        squaredForces += results[1].reduce(0, +)
        absoluteForces += results[2].reduce(0, +)
      }
    }
    let perAtom = zip(errors, atomCounts).map { $0 / Double($1) }
    let components = Double(3 * max(1, atomCounts.reduce(0, +)))
    return ValidationResult(
      structures: structures.count, energyRMSE: rootMeanSquare(errors),
      energyRMSEPerAtom: rootMeanSquare(perAtom),
      energyMAEPerAtom: meanAbsolute(perAtom),
      forceRMSE: graph.forces == nil
        ? nil : (squaredForces / components).squareRoot() / initial.energyRescale,
      forceMAE: graph.forces == nil ? nil : absoluteForces / components / initial.energyRescale)
  }

  private func checkFinite(_ results: [[Double]], _ batch: Batch) throws {
    let terms = ["the validation's energy error", "the validation's squared force error"]
    for (term, values) in zip(terms, results) {
      for (name, value) in zip(batch.names, values) where !value.isFinite {
        throw NonFiniteError(
          step: step, term: "\(term) of \(name)", value: value, names: batch.names)
      }
    }
  }
}
