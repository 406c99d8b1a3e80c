import AtomicNetworks
import Dataflow
import Foundation

/// A: a training step on energies.
enum MoleculeTraining {
  static let sizes = [768, 128, 128, 64, 1]
  static let gigaflops = gigaflopsOfStep(
    atoms: MoleculeInputs.atomsOfSpecies.reduce(0, +), sizes: sizes)

  static let all = [
    Benchmark(workload: "A", name: "training step on energies") { settings, report in
      try measure("A", MoleculeInputs(ComputePool(threads: 0)), settings, loss: 242785.31, report)
    },
    Benchmark(workload: "A'", name: "training step on real descriptors") { settings, report in
      let inputs = try MoleculeInputs(described: ComputePool(threads: 0))
      try measure("A'", inputs, settings, loss: nil, report)
    },
  ]

  static let networks = MoleculeInputs.symbols.enumerated().map { species, symbol in
    gaussianNetwork(symbol, sizes, stream: 1000 + 100 * species)
  }

  private static func measure(
    _ workload: String, _ inputs: MoleculeInputs, _ settings: BenchmarkSettings, loss: Double?,
    _ report: (BenchmarkResult) -> Void
  ) throws {
    var objective = TrainingObjective()
    objective.energyLoss = .quadExpTanhAtom
    let training = try TrainingBenchmark(
      workload, networks, objective, settings, feeds: inputs.feeds)
    let reference = referenceLoss(inputs, networks)
    if let loss { try check("A's reference", reference.loss, loss, tolerance: 1e-7) }
    try check(
      "A's energies", try training.values(training.graph.potential.energies), reference.energies,
      tolerance: 1e-5)
    try check(
      "A's loss", try training.values(training.graph.loss)[0], reference.loss, tolerance: 1e-6)
    let flops = gigaflopsOfStep(atoms: inputs.atomCount, sizes: sizes)
    report(
      try training.measure(
        "energies alone", [training.graph.potential.energies],
        gigaflops: gigaflopsOfForward(inputs)))
    var results = try training.step("training step on energies", gigaflops: flops)
    results[0].figures.append(("products_left", productsLeft(inputs)))
    results.forEach(report)
  }

  /// The share of a step's multiplications that is left when zero blocks of descriptors are left out.
  private static func productsLeft(_ inputs: MoleculeInputs) -> Double {
    let width = 32
    var (blocks, zeros) = (0, 0)
    for descriptors in inputs.descriptors {
      descriptors.withElements(as: Float.self) { elements in
        for start in stride(from: 0, to: elements.count, by: width) {
          blocks += 1
          if elements[start..<start + width].allSatisfy({ $0 == 0 }) { zeros += 1 }
        }
      }
    }
    // The first layer's weights are multiplied with, and have a gradient.
    let first = 2 * sizes[0] * sizes[1]
    let all = 3 * zip(sizes, sizes.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 } - sizes[0] * sizes[1]
    return 1 - Double(zeros) / Double(blocks) * Double(first) / Double(all)
  }

  private static func gigaflopsOfForward(_ inputs: MoleculeInputs) -> Double {
    zip(sizes, sizes.dropFirst()).reduce(0) {
      $0 + 2e-9 * Double(inputs.atomCount * $1.0 * $1.1)
    }
  }

  /// Energies and loss in double precision: Σ D² + exp(5 tanh(Σ D²/n² / 5)).
  private static func referenceLoss(
    _ inputs: MoleculeInputs, _ networks: [SpeciesNetwork]
  ) -> (energies: [Double], loss: Double) {
    var energies = inputs.energies.map { _ in 0.0 }
    var place = 0
    let pool = ComputePool(threads: 0)
    for (descriptors, network) in zip(inputs.descriptors, networks) {
      let reference = ReferenceNetwork(network)
      let outputs = descriptors.withElements(as: Float.self) { elements in
        [Double](unsafeUninitializedCapacity: descriptors.shape[0]) { outputs, count in
          count = descriptors.shape[0]
          let (target, source) = (outputs.baseAddress!, elements.baseAddress!)
          pool.run(shards: count) { atom in
            let own = UnsafeBufferPointer(start: source + atom * sizes[0], count: sizes[0])
            target[atom] = reference.evaluate(own, withGradient: false).energy
          }
        }
      }
      for output in outputs {
        energies[Int(inputs.moleculeOfAtom[place])] += output
        place += 1
      }
    }
    var (squares, perAtom) = (0.0, 0.0)
    for (index, energy) in energies.enumerated() {
      let error = energy - Double(inputs.energies[index])
      squares += error * error
      perAtom += error * error / Double(inputs.atomCounts[index] * inputs.atomCounts[index])
    }
    return (energies, squares + exp(5 * tanh(perAtom / 5)))
  }
}
