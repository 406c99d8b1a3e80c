import AtomicNetworks
import Dataflow

/// B: a training step on energies and forces with stored derivatives, silicon-like.
enum SiliconTraining {
  static let simulations = 64
  static let atomsEach = 216
  /// Blocks of each atom: its own and 46 neighbours'.
  static let slots = 47
  static let sizes = [48, 32, 16, 1]
  static let atoms = simulations * atomsEach
  static let blockElements = atoms * slots * 3 * sizes[0]
  private static let forcesCost = 1.3

  static let all = [
    Benchmark(workload: "B", name: "training step on energies and forces") { settings, report in
      try measure(settings, report)
    },
    Benchmark(workload: "B", name: "half-precision derivatives: training step") {
      settings, report in
      try measureStep("half-precision derivatives: training step", isHalf: true, settings, report)
    },
  ]

  private static let network = gaussianNetwork("Si", sizes, stream: 2000)
  private static let loss = 33688.54

  private static func measure(
    _ settings: BenchmarkSettings, _ report: (BenchmarkResult) -> Void
  ) throws {
    let inputs = SiliconInputs(ComputePool(threads: 0))
    let training = try TrainingBenchmark(
      "B", [network], objective(isHalf: false), settings, feeds: inputs.feeds)
    let (graph, forces) = (training.graph, training.graph.forces!)
    let reference = inputs.reference(ReferenceNetwork(network), forcesCost: forcesCost)
    try check("B's reference", reference.loss, loss, tolerance: 1e-6)
    try check(
      "B's energies", try training.values(graph.potential.energies), reference.energies,
      tolerance: 1e-5)
    try check("B's forces", try training.values(forces.forces), reference.forces, tolerance: 1e-5)
    try check("B's loss", try training.values(graph.loss)[0], reference.loss, tolerance: 1e-6)
    report(try training.measure("energies alone", [graph.potential.energies]))
    let gigabytes = 4e-9 * Double(blockElements)
    report(
      try training.measure("energies and forces", [forces.forces], gigabytes: gigabytes))
    for result in try training.step(
      "the batch as one slice: training step", gigaflops: 0, gigabytes: 2 * gigabytes)
    {
      report(result)
    }
    try measureStep("training step on energies and forces", isHalf: false, settings, report)
  }

  private static func objective(isHalf: Bool) -> TrainingObjective {
    var objective = TrainingObjective()
    objective.forcesCost = forcesCost
    objective.hasHalfDerivatives = isHalf
    return objective
  }

  /// A step as trainings take it, slice by slice.
  private static func measureStep(
    _ name: String, isHalf: Bool, _ settings: BenchmarkSettings,
    _ report: (BenchmarkResult) -> Void
  ) throws {
    let inputs = SiliconInputs(ComputePool(threads: 0))
    let training = try TrainingBenchmark(
      "B", [network], objective(isHalf: isHalf), settings, isSliced: true,
      feeds: { try inputs.sliceFeeds($0, isHalf: isHalf) })
    try check(
      "B's loss in slices", try training.values(training.graph.findings.loss)[0], loss,
      tolerance: isHalf ? 1e-3 : 1e-6)
    // What memory has to give; a cache keeps a slice for its second use.
    let gigabytes = (isHalf ? 2e-9 : 4e-9) * Double(blockElements)
    for result in try training.step(name, gigaflops: 0, gigabytes: gigabytes) { report(result) }
  }
}

/// Inputs of B.
private struct SiliconInputs {
  let descriptors: Tensor
  let blocks: Tensor
  let neighbours: [Int32]
  let energies: [Float]
  let forces: Tensor

  init(_ pool: ComputePool) {
    typealias B = SiliconTraining
    let (width, slots) = (B.sizes[0], B.slots)
    let numbers = CounterStream(11)
    descriptors = Tensor.filled([B.atoms, width], on: pool) { numbers[$0] }
    // The stream is in the order [atom][slot][component][x, y, z].
    let derivatives = CounterStream(13)
    blocks = Tensor.filled([B.atoms * slots, 3, width], on: pool) { place in
      let (block, rest) = place.quotientAndRemainder(dividingBy: 3 * width)
      return derivatives.signed(block * 3 * width + rest % width * 3 + rest / width) * 0.3
    }
    neighbours = Self.neighbours()
    let energy = CounterStream(14)
    energies = (0..<B.simulations).map { 10 * energy.signed($0) }
    let force = CounterStream(15)
    forces = Tensor.filled([B.atoms, 3], on: pool) { force.signed($0) }
  }

  /// The atom of every block: first the atom itself, then others of its simulation.
  private static func neighbours() -> [Int32] {
    typealias B = SiliconTraining
    let numbers = CounterStream(12)
    return (0..<B.atoms).flatMap { atom -> [Int32] in
      let (simulation, local) = atom.quotientAndRemainder(dividingBy: B.atomsEach)
      let shift = Int(215 * numbers[atom])
      return [Int32(atom)]
        + (1..<B.slots).map { slot in
          let other = (local + 1 + ((slot - 1) * 13 + shift) % 215) % B.atomsEach
          return Int32(simulation * B.atomsEach + other)
        }
    }
  }

  func feeds(_ graph: TrainingGraph) -> [Value: Tensor] {
    typealias B = SiliconTraining
    let forces = graph.forces!
    return [
      graph.potential.descriptors[0]: descriptors,
      graph.potential.structureOfAtom: Tensor(
        (0..<B.atoms).map { Int32($0 / B.atomsEach) }),
      graph.referenceEnergies: Tensor(energies),
      graph.atomCounts: Tensor(energies.map { _ in Float(B.atomsEach) }),
      forces.blocks: blocks,
      forces.rowStarts: Tensor((0...B.atoms).map { Int32($0 * B.slots) }),
      forces.neighbours: Tensor(neighbours),
      forces.referenceForces: self.forces,
    ]
  }

  /// A slice for each simulation.
  func sliceFeeds(_ graph: TrainingGraph, isHalf: Bool) throws -> [Value: Tensor] {
    typealias B = SiliconTraining
    var whole = feeds(graph)
    let forces = graph.forces!
    if isHalf { whole.merge(halfFeeds(forces)) { $1 } }
    whole[graph.potential.structureOfAtom] = Tensor(
      zeros: [B.atoms], elementType: .int32)
    whole[forces.rowStarts] = Tensor(
      (0..<B.simulations).flatMap { _ in (0...B.atomsEach).map { Int32($0 * B.slots) } })
    whole[forces.neighbours] = Tensor(neighbours.map { $0 % Int32(B.atomsEach) })
    let sizes = [
      "\(graph.potential.atoms)": B.atomsEach, "\(PotentialGraph.structures)": 1,
      "\(forces.blocks.shape[0])": B.atomsEach * B.slots,
      // Descriptors are whole: a row for each atom.
      "\(forces.rowStarts.shape[0])": B.atomsEach + 1,
    ]
    let starts = try graph.inputs.flatMap { input in
      let rows = try input.shape[0].evaluated(with: sizes)
      return (0...B.simulations).map { Int64($0 * rows) }
    }
    let slices = graph.slices!
    var feeds = [
      slices.starts: Tensor(shape: [graph.inputs.count, B.simulations + 1], scalars: starts)
    ]
    for (input, rows) in zip(graph.inputs, slices.inputs) { feeds[rows] = whole[input] }
    return feeds
  }

  private func halfFeeds(_ forces: ForceGraph) -> [Value: Tensor] {
    // The largest is 0.3.
    let scale: Float = 0x1p16
    let halves = blocks.withElements(as: Float.self) { blocks in
      Tensor(shape: self.blocks.shape) { (halves: UnsafeMutableBufferPointer<Float16>) in
        for index in blocks.indices { halves[index] = Float16(blocks[index] * scale) }
      }
    }
    let scales = Tensor(
      shape: [SiliconTraining.atoms, 1],
      scalars: Array(repeating: 1 / scale, count: SiliconTraining.atoms))
    return [forces.blocks: halves, forces.blockScales!: scales]
  }

  /// Energies, forces and loss in double precision.
  func reference(
    _ network: ReferenceNetwork, forcesCost: Double
  ) -> (energies: [Double], forces: [Double], loss: Double) {
    typealias B = SiliconTraining
    let width = B.sizes[0]
    var energies = Array(repeating: 0.0, count: B.simulations)
    var forces = Array(repeating: 0.0, count: 3 * B.atoms)
    let descriptors = descriptors.scalars(as: Float.self)
    blocks.withElements(as: Float.self) { blocks in
      for atom in 0..<B.atoms {
        let own = descriptors[atom * width..<(atom + 1) * width]
        let (energy, gradient) = network.evaluate(own, withGradient: true)
        energies[atom / B.atomsEach] += energy
        for block in atom * B.slots..<(atom + 1) * B.slots {
          for c in 0..<3 {
            let line = (block * 3 + c) * width
            var pull = 0.0
            for k in 0..<width { pull += gradient[k] * Double(blocks[line + k]) }
            forces[3 * Int(neighbours[block]) + c] -= pull
          }
        }
      }
    }
    func squares(_ found: [Double], _ references: [Double]) -> Double {
      zip(found, references).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    }
    let loss =
      squares(energies, self.energies.map { Double($0) })
      + forcesCost * squares(forces, self.forces.doubles)
    return (energies, forces, loss)
  }
}
