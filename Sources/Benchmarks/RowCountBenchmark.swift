import AtomicNetworks
import Dataflow

/// D: what a training step costs more when the numbers of rows differ from those of the step before.
enum RowCountBenchmark {
  static let benchmark = Benchmark(workload: "D", name: "changed row counts") { settings, report in
    let training = try TrainingBenchmark(
      "D", networks, TrainingObjective(), settings, feeds: { feeds($0, atoms: 64) })
    let other = feeds(training.graph, atoms: 60).merging(
      [training.graph.learningRate: Tensor(1e-4 as Float)]) { $1 }
    func step(_ feeds: [Value: Tensor]) throws {
      _ = try training.session.run([], feeds: feeds, targets: [training.graph.step])
    }
    let same = try BenchmarkResult(
      "D", "small training step, row counts as before", settings, unit: "µs", operations: 2
    ) {
      try step(training.feeds)
      try step(training.feeds)
    }
    report(same)
    var changed = try BenchmarkResult(
      "D", "small training step, changed row counts", settings, unit: "µs", operations: 2
    ) {
      try step(training.feeds)
      try step(other)
    }
    changed.figures = [("more_µs", changed.least - same.least)]
    report(changed)
  }

  private static let networks = MoleculeInputs.symbols.enumerated().map { species, symbol in
    gaussianNetwork(symbol, [16, 8, 8, 1], stream: 1000 + 100 * species)
  }

  /// Two structures with as many atoms of every species.
  private static func feeds(_ graph: TrainingGraph, atoms: Int) -> [Value: Tensor] {
    var feeds = [
      graph.potential.structureOfAtom: Tensor(
        (0..<atoms * networks.count).map { Int32($0 % 2) }),
      graph.referenceEnergies: Tensor([1, 2] as [Float]),
      graph.atomCounts: Tensor([Float](repeating: Float(2 * atoms), count: 2)),
    ]
    let numbers = CounterStream(3)
    for placeholder in graph.potential.descriptors {
      feeds[placeholder] = Tensor(
        shape: [atoms, 16], scalars: (0..<atoms * 16).map { numbers[$0] })
    }
    return feeds
  }
}
