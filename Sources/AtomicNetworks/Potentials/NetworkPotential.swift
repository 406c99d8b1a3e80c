import Atomistics
import Dataflow

/// Trained networks as an interatomic potential: energies, forces and virials of structures.
///
/// Descriptors are computed on the fly; forces are contracted with their derivatives neighbour by
/// neighbour, in double precision, without keeping the derivatives. Networks of layers are computed atom
/// by atom in between, others as a graph for all atoms at once.
public final class NetworkPotential: Potential, @unchecked Sendable {
  // Immutable; the session takes its callers in turn. It computes on their executors.
  private let model: NetworkModel
  private let descriptors: AtomicDescriptors
  private let potential: PotentialGraph
  private let descriptorGradient: Value
  private let session: Session
  /// Of every species, where all are layers and computed here.
  private let atomNetworks: [AtomNetwork.Parameters]?

  /// - Parameter options: where and how the networks are computed; descriptors are the processor's, and so
  ///   are networks of layers where no other device is the default.
  /// - Throws: `NetworkError` where the model does not say how its descriptors are made.
  public init(_ model: NetworkModel, options: SessionOptions = SessionOptions()) throws {
    guard let parameters = model.descriptors else {
      throw NetworkError(
        "the networks do not say how their descriptors are made: gvect_params is missing")
    }
    _ = try model.descriptorSize()
    self.model = model
    descriptors = try AtomicDescriptors(parameters)
    let graph = Graph()
    potential = try PotentialGraph(model.networks, elementType: .float64, in: graph)
    descriptorGradient = try potential.makeDescriptorGradient()
    session = Session(graph, options: options)
    let atomNetworks = model.networks.compactMap { AtomNetwork.Parameters($0) }
    let isAtomByAtom =
      atomNetworks.count == model.networks.count && options.placement.defaultDevice.isEmpty
    self.atomNetworks = isAtomByAtom ? atomNetworks : nil
    try potential.initialize(session, with: model.networks)
  }

  /// In Å.
  public var cutoff: Double { descriptors.cutoff }

  public func evaluate(
    _ structure: Structure, neighbours: NeighbourList, executor: any ParallelExecutor
  ) throws -> PotentialResult {
    let species = try structure.speciesIndices(in: descriptors.species)
    if let atomNetworks { return evaluate(species, neighbours, atomNetworks, executor) }
    return try evaluate(species, neighbours, executor)
  }

  /// Atom by atom.
  private func evaluate(
    _ species: [Int32], _ neighbours: NeighbourList, _ networks: [AtomNetwork.Parameters],
    _ executor: any ParallelExecutor
  ) -> PotentialResult {
    let scale = 1 / model.energyRescale
    let offsets = model.networks.map(\.offset)
    var result = (forces: [SIMD3<Double>](), virial: Matrix3.zero)
    let energies = [Double](unsafeUninitializedCapacity: species.count) { energies, count in
      count = species.count
      let target = energies.baseAddress
      result = descriptors.preciseForces(
        species: species, neighbours: neighbours, executor: executor
      ) {
        let own = networks.map { AtomNetwork($0, scale: scale) }
        return { atom, components in
          let kind = Int(species[atom])
          let (energy, gradient) = own[kind].evaluate(components)
          (target! + atom).initialize(to: energy + offsets[kind])
          return gradient
        }
      }
    }
    return PotentialResult(
      atomicEnergies: energies, forces: result.forces, virial: result.virial)
  }

  /// All atoms at once.
  private func evaluate(
    _ species: [Int32], _ neighbours: NeighbourList, _ executor: any ParallelExecutor
  ) throws -> PotentialResult {
    let values = descriptors.preciseValues(
      species: species, neighbours: neighbours, executor: executor)
    let order = SpeciesOrder(species, count: model.networks.count)
    let results = try session.run(
      [potential.atomicEnergies, descriptorGradient],
      feeds: feeds(values, order), on: executor
    ).map { $0.scalars(as: Double.self) }
    let scale = 1 / model.energyRescale
    let atomicEnergies = zip(order.places, species).map { place, species in
      results[0][place] * scale + model.networks[Int(species)].offset
    }
    let gradient = order.unsorted(results[1], width: descriptors.size).map { $0 * scale }
    let (forces, virial) = descriptors.preciseContract(
      energyGradient: gradient, species: species, neighbours: neighbours, executor: executor)
    return PotentialResult(atomicEnergies: atomicEnergies, forces: forces, virial: virial)
  }

  private func feeds(_ values: [Double], _ order: SpeciesOrder) -> [Value: Tensor] {
    let size = descriptors.size
    let sorted = order.sorted(values, width: size)
    var feeds: [Value: Tensor] = [:]
    var start = 0
    for (placeholder, count) in zip(potential.descriptors, order.counts) {
      feeds[placeholder] = Tensor(
        shape: [count, size], scalars: Array(sorted[start * size..<(start + count) * size]))
      start += count
    }
    return feeds
  }
}

/// Atoms sorted by species, in the order of the structure within each.
struct SpeciesOrder {
  /// Where each atom is in the sorted order.
  let places: [Int]
  /// Atoms of each species.
  let counts: [Int]

  init(_ species: [Int32], count: Int) {
    var counts = Array(repeating: 0, count: count)
    for kind in species { counts[Int(kind)] += 1 }
    var next = counts.indices.map { counts[..<$0].reduce(0, +) }
    places = species.map { kind in
      defer { next[Int(kind)] += 1 }
      return next[Int(kind)]
    }
    self.counts = counts
  }

  func sorted(_ values: [Double], width: Int) -> [Double] {
    if counts.count == 1 { return values }
    var result = values
    for (atom, place) in places.enumerated() {
      for column in 0..<width { result[place * width + column] = values[atom * width + column] }
    }
    return result
  }

  func unsorted(_ values: [Double], width: Int) -> [Double] {
    if counts.count == 1 { return values }
    var result = values
    for (atom, place) in places.enumerated() {
      for column in 0..<width { result[atom * width + column] = values[place * width + column] }
    }
    return result
  }
}
