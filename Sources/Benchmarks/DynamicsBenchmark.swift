import AtomicNetworks
import Atomistics
import Dataflow

/// E: steps of molecular dynamics of silicon with a 48-32-16-1 network, descriptors on the fly.
enum DynamicsBenchmark {
  static let all = [3, 6, 12].map { cells in
    Benchmark(workload: "E", name: name(cells)) { settings, report in
      let model = NetworkModel(
        networks: [gaussianNetwork("Si", SiliconTraining.sizes, stream: 2000)],
        descriptors: .modified(DescriptorBenchmark.silicon))
      var options = SessionOptions()
      options.placement = settings.placement
      let potential = try NetworkPotential(model, options: options)
      try checkForces(potential)
      report(try measure(potential, cells: cells, settings))
    }
  }

  private static func name(_ cells: Int) -> String {
    "molecular dynamics, \(8 * cells * cells * cells) Si: a step of one atom"
  }

  /// Compares the change of the energy along some direction with the forces.
  private static func checkForces(_ potential: NetworkPotential) throws {
    let structure = try DescriptorBenchmark.siliconAtoms(cells: 2)
    let (direction, step) = (CounterStream(31), 1e-4)
    let ways = structure.positions.indices.map { atom in
      SIMD3((0..<3).map { Double(direction.signed(3 * atom + $0)) })
    }
    func energy(_ length: Double) throws -> Double {
      var moved = structure
      for atom in ways.indices { moved.positions[atom] += length * ways[atom] }
      return try potential.evaluate(moved).energy
    }
    let forces = try potential.evaluate(structure).forces
    let expected = zip(forces, ways).reduce(0) { $0 - ($1.0 * $1.1).sum() }
    try check(
      "E's forces", expected, (try energy(step) - (try energy(-step))) / (2 * step),
      tolerance: 1e-5)
  }

  private static func measure(
    _ potential: NetworkPotential, cells: Int, _ settings: BenchmarkSettings
  ) throws -> BenchmarkResult {
    let structure = try DescriptorBenchmark.siliconAtoms(cells: cells)
    // Slow atoms, since the network knows no silicon: the list is made anew as rarely as in a crystal.
    var dynamics = try MolecularDynamics(
      structure, potential: potential, timeStep: 0.01,
      executor: ComputePool(threads: settings.threads))
    return try BenchmarkResult(
      "E", name(cells), settings, unit: "µs", operations: structure.count
    ) {
      try dynamics.advance()
    }
  }
}
