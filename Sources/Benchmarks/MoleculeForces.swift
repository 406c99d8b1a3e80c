import AtomicNetworks
import Atomistics
import Dataflow

/// B on small molecules: a training step on energies and forces with the networks of A, whose derivatives are of
/// descriptors in parts, and beside it of whole ones.
enum MoleculeForces {
  private static let molecules = 256
  private static let forcesCost = 0.1

  static let all = [true, false].map { isCut in
    let name = "forces of molecules\(isCut ? "" : ", whole descriptors"): training step"
    return Benchmark(workload: "B", name: name) { settings, report in
      try measure(name, isCut: isCut, settings, report)
    }
  }

  private static func measure(
    _ name: String, isCut: Bool, _ settings: BenchmarkSettings, _ report: (BenchmarkResult) -> Void
  ) throws {
    let described = try structures()
    let structures = isCut ? described : described.map { $0.cut(into: 1) }
    var objective = TrainingObjective()
    objective.forcesCost = forcesCost
    var options = SessionOptions(
      intraOpParallelismThreads: settings.intraOp, interOpParallelismThreads: settings.interOp)
    options.placement = settings.placement
    let trainer = try Trainer(
      NetworkModel(
        networks: MoleculeTraining.networks, descriptors: .modified(DescriptorBenchmark.organic)),
      objective: objective,
      schedule: TrainingSchedule(
        batchSize: molecules, maxSteps: .max, learningRate: 1e-6), options: options)
    let batch = try trainer.batch(of: structures)
    let first = try trainer.run(batch)
    let loss = first.energyLoss + forcesCost * (first.forceLoss ?? 0)
    try check("\(name): loss", loss, referenceLoss(described), tolerance: 1e-5)
    let numbers = structures.reduce(0) { $0 + $1.derivatives!.values.count }
    report(
      try BenchmarkResult("B", name, settings, gigabytes: 8e-9 * Double(numbers)) {
        _ = try trainer.run(batch)
      })
  }

  private static func structures() throws -> [DescribedStructure] {
    let (energy, force) = (CounterStream(4), CounterStream(15))
    let structures = SmallMolecules.structures(molecules).enumerated().map { index, molecule in
      var molecule = molecule
      molecule.energy = 4 * Double(energy.signed(index))
      molecule.forces = molecule.positions.indices.map { atom in
        let place = 3 * (100 * index + atom)
        return SIMD3(
          Double(force.signed(place)), Double(force.signed(place + 1)),
          Double(force.signed(place + 2)))
      }
      return molecule
    }
    return try AtomicDescriptors(DescriptorBenchmark.organic).describe(
      structures, includeDerivatives: true, executor: ComputePool(threads: 0))
  }

  /// Σ (E - E')² + c Σ |F - F'|² in double precision, from derivatives in the order of files.
  private static func referenceLoss(_ structures: [DescribedStructure]) -> Double {
    let networks = MoleculeTraining.networks.map { ReferenceNetwork($0) }
    return structures.reduce(0) { sum, structure in
      let (g, n) = (structure.descriptorSize, structure.atomCount)
      let derivatives = structure.derivatives!.entries(descriptorSize: g)
      var (energy, gradient) = (-Double(structure.energy), [Double]())
      for atom in 0..<n {
        let own = structure.descriptors[atom * g..<(atom + 1) * g]
        let result = networks[Int(structure.species[atom])].evaluate(own, withGradient: true)
        energy += result.energy
        gradient += result.gradient
      }
      var errors = structure.forces!.map { -Double($0) }
      for (value, place) in zip(derivatives.values, zip(derivatives.rows, derivatives.columns)) {
        errors[Int(place.1)] -= gradient[Int(place.0)] * Double(value)
      }
      return sum + energy * energy + forcesCost * errors.reduce(0) { $0 + $1 * $1 }
    }
  }
}
