import Atomistics
import Dataflow

/// Trained networks as an interatomic potential: energies, forces and virials of structures.
///
/// On the processor descriptors are computed on the fly and forces contracted with their derivatives neighbour by
/// neighbour, in double precision, without keeping the derivatives. Networks of layers are computed atom by atom
/// in between, others as a graph for all atoms at once. Where another device is the default, all of that is one
/// graph of that device's, which gets the neighbours and gives energies, forces and virial.
public final class NetworkPotential: Potential, @unchecked Sendable {
  // Immutable; sessions take their callers in turn. They compute on their callers' executors.
  private let model: NetworkModel
  private let descriptors: AtomicDescriptors
  private let method: Method

  private enum Method {
    /// The networks of every species, where all are layers.
    case atomByAtom([AtomNetwork.Parameters])
    case allAtOnce(PotentialGraph, descriptorGradient: Value, Session)
    case graph(StructureGraph, Session)
  }

  /// - Parameters:
  ///   - options: where and how it is computed.
  ///   - elementType: what is computed in where another device than the processor is the default: `.float64`, or
  ///     `.float32`, which agrees with it to about 1e-5 and is faster on most devices.
  /// - Throws: `NetworkError` where the model does not say how its descriptors are made.
  public init(
    _ model: NetworkModel, options: SessionOptions = SessionOptions(),
    elementType: ElementType = .float64
  ) throws {
    guard let settings = model.descriptors else {
      throw NetworkError(
        "the networks do not say how their descriptors are made: gvect_params is missing")
    }
    _ = try model.descriptorSize()
    self.model = model
    descriptors = try AtomicDescriptors(settings)
    method = try Self.method(model, settings, options, elementType)
  }

  private static func method(
    _ model: NetworkModel, _ settings: DescriptorSettings, _ options: SessionOptions,
    _ elementType: ElementType
  ) throws -> Method {
    let graph = Graph()
    guard options.placement.defaultDevice.isEmpty else {
      let structure = try StructureGraph(
        model.networks, settings, elementType: elementType, in: graph)
      let session = Session(graph, options: options)
      try structure.potential.initialize(session, with: model.networks)
      return .graph(structure, session)
    }
    let layers = model.networks.compactMap { AtomNetwork.Parameters($0) }
    if layers.count == model.networks.count { return .atomByAtom(layers) }
    let potential = try PotentialGraph(model.networks, elementType: .float64, in: graph)
    let gradient = try potential.makeDescriptorGradient()
    let session = Session(graph, options: options)
    try potential.initialize(session, with: model.networks)
    return .allAtOnce(potential, descriptorGradient: gradient, session)
  }

  /// In Å.
  public var cutoff: Double { descriptors.cutoff }

  /// Along which vectors structures repeated that the networks learned from.
  public var periodic: Periodicity { descriptors.periodic }

  /// - Throws: `AtomisticsError` for a species without network, `NetworkError` for neighbours along vectors that
  ///   structures do not repeat along here.
  public func evaluate(
    _ structure: Structure, neighbours: NeighbourList, executor: any ParallelExecutor
  ) throws -> PotentialResult {
    let species = try structure.speciesIndices(in: descriptors.species)
    precondition(species.count == neighbours.atomCount, "the list is of another structure")
    precondition(
      neighbours.cutoff >= cutoff, "the list ends at \(neighbours.cutoff), before \(cutoff)")
    for k in 0..<3 where !periodic[k] && neighbours.images.contains(where: { $0[k] != 0 }) {
      throw NetworkError(
        "there are neighbours across vector \(k + 1) of the cell, along which nothing repeats for the"
          + " networks (pbc)")
    }
    switch method {
    case .atomByAtom(let networks): return evaluate(species, neighbours, networks, executor)
    case .allAtOnce(let potential, let gradient, let session):
      return try evaluate(species, neighbours, potential, gradient, session, executor)
    case .graph(let graph, let session):
      let result = try graph.evaluate(species, neighbours, in: session, on: executor)
      return scaled(result, species)
    }
  }

  /// What a graph says, in the units of the model.
  private func scaled(_ result: PotentialResult, _ species: [Int32]) -> PotentialResult {
    let scale = 1 / model.energyRescale
    return PotentialResult(
      atomicEnergies: zip(result.atomicEnergies, species).map {
        $0 * scale + model.networks[Int($1)].offset
      }, forces: result.forces.map { $0 * scale }, virial: result.virial * scale)
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
    _ species: [Int32], _ neighbours: NeighbourList, _ potential: PotentialGraph,
    _ descriptorGradient: Value, _ session: Session, _ executor: any ParallelExecutor
  ) throws -> PotentialResult {
    let values = descriptors.preciseValues(
      species: species, neighbours: neighbours, executor: executor)
    let order = SpeciesOrder(species, count: model.networks.count)
    let results = try session.run(
      [potential.atomicEnergies, descriptorGradient],
      feeds: feeds(potential, values, order), on: executor
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

  private func feeds(
    _ potential: PotentialGraph, _ values: [Double], _ order: SpeciesOrder
  ) -> [Value: Tensor] {
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
struct SpeciesOrder: Sendable {
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
