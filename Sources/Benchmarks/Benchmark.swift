/// One or more cases that share their inputs.
struct Benchmark: Sendable {
  /// The letter that the case is chosen by.
  let workload: String
  let name: String
  /// Checks the results, then measures; hands every result over as soon as there is one.
  let measure: @Sendable (BenchmarkSettings, (BenchmarkResult) -> Void) throws -> Void

  static let all: [Benchmark] =
    Ceilings.all + MoleculeTraining.all + SiliconTraining.all + MoleculeForces.all
    + DescriptorBenchmark.all
    + OverheadBenchmark.all.map(\.benchmark) + [RowCountBenchmark.benchmark] + PlanningBenchmark.all
    + DynamicsBenchmark.all + InputBenchmark.all

  /// Whether the case is asked for by its workload or by a part of its name.
  func isNamed(by words: [String]) -> Bool {
    words.isEmpty
      || words.contains { $0 == workload || ($0.count > 2 && name.contains($0)) }
  }
}

/// A result that is not what it must be.
struct WrongResult: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// - Throws: `WrongResult` where `found` is further from `expected` than `tolerance` times its size.
func check(
  _ what: String, _ found: Double, _ expected: Double, tolerance: Double
) throws {
  guard abs(found - expected) <= tolerance * max(abs(expected), 1e-30) else {
    throw WrongResult("\(what): found \(found), expected \(expected) within \(tolerance)")
  }
}

/// - Throws: `WrongResult` where any number is further from its reference than `tolerance` times the
///   root mean square of the references.
func check(
  _ what: String, _ found: [Double], _ expected: [Double], tolerance: Double
) throws {
  guard found.count == expected.count else {
    throw WrongResult("\(what): \(found.count) numbers, expected \(expected.count)")
  }
  let size = (expected.reduce(0) { $0 + $1 * $1 } / Double(max(1, expected.count))).squareRoot()
  for (index, (a, b)) in zip(found, expected).enumerated()
  where !(abs(a - b) <= tolerance * max(size, 1e-30)) {
    throw WrongResult(
      "\(what), number \(index): found \(a), expected \(b) within \(tolerance * size)")
  }
}
