import Atomistics
import Dataflow

/// A potential of networks as one graph: from the displacements to atoms' neighbours to energies, forces and virial.
///
/// Descriptors, the networks and what the energy changes with the displacements are operations, so that what
/// computes the graph needs nothing between the list of neighbours and the forces.
final class StructureGraph: Sendable {
  let potential: PotentialGraph
  /// `[pairs, 3]`, in Å.
  private let displacements: Value
  /// The neighbours' species: `int32 [pairs]`.
  private let neighbourSpecies: Value
  /// Where every atom's neighbours begin: `int32 [atoms + 1]`.
  private let starts: Value
  /// The pairs by the atom that is the neighbour: where every atom's begin, and which they are.
  private let neighbourStarts: Value
  private let neighbourPairs: Value
  /// For each species its atoms: `int32 [atoms_<symbol>]`.
  private let atomsOfSpecies: [Value]
  /// Where every atom is among those sorted by species: `int32 [atoms]`.
  private let places: Value
  /// `[atoms, 3]`, in eV/Å.
  private let forces: Value
  /// `[3, 3]`, in eV.
  private let virial: Value
  /// What was fed of the last list, for the next one with the same neighbours: equal tensors stay on a device.
  private let last = Guarded<ListFeeds?>(nil)

  init(
    _ networks: [SpeciesNetwork], _ settings: DescriptorSettings, elementType: ElementType,
    in graph: Graph
  ) throws {
    // Atoms of one species are sorted by it; what is fed of them then is where their rows begin.
    let isSorted = networks.count == 1
    let counts =
      isSorted
      ? [Dimension(symbol: "row_starts") - 1]
      : networks.map { Dimension(symbol: "atoms_\($0.symbol)") }
    let (atoms, pairs) = (counts.reduce(0, +), Dimension(symbol: "pairs"))
    func integers(_ name: String, _ count: Dimension) -> Value {
      graph.placeholder(.int32, [count], name: name)
    }
    displacements = graph.placeholder(elementType, [pairs, 3], name: "displacements")
    neighbourSpecies = integers("neighbour_species", pairs)
    starts = integers("row_starts", atoms + 1)
    neighbourStarts = integers("neighbour_starts", atoms + 1)
    neighbourPairs = integers("neighbour_pairs", pairs)
    places = integers("places", atoms)
    atomsOfSpecies = zip(networks, counts).map { integers("atoms_\($0.symbol)", $1) }
    let descriptors = try descriptorValues(
      settings, displacements: displacements, species: neighbourSpecies, starts: starts,
      name: "descriptors")
    potential = try PotentialGraph(
      networks, elementType: elementType,
      descriptors: isSorted ? [descriptors] : atomsOfSpecies.map { gather(descriptors, $0) },
      in: graph)
    let sorted = try potential.makeDescriptorGradient()
    let gradient = isSorted ? sorted : gather(sorted, places)
    let slopes = try graph.add(
      DescriptorContraction(settings), [gradient, displacements, neighbourSpecies, starts],
      name: "displacement_gradient"
    ).output
    let virials: Value
    (forces, virials) = try neighbourForces(
      slopes, displacements: displacements, starts: starts, neighbourStarts: neighbourStarts,
      neighbourPairs: neighbourPairs, name: "forces")
    virial = sum(virials, axes: [0])
  }

  /// Energies without offsets in the order of the atoms, forces and virial.
  ///
  /// - Throws: `GraphError` where the device cannot compute them.
  func evaluate(
    _ species: [Int32], _ neighbours: NeighbourList, in session: Session,
    on executor: any ParallelExecutor, options: RunOptions = RunOptions()
  ) throws -> PotentialResult {
    let list = last.withLock { last in
      if let last, last.isOf(species, neighbours) { return last }
      let new = ListFeeds(species, neighbours, speciesCount: atomsOfSpecies.count)
      last = new
      return new
    }
    let results = try session.run(
      [potential.atomicEnergies, forces, virial], feeds: feeds(list, neighbours), options: options,
      on: executor
    ).map { $0.converted(to: .float64).scalars(as: Double.self) }
    let (energies, f, v) = (results[0], results[1], results[2])
    return PotentialResult(
      atomicEnergies: list.order.places.map { energies[$0] },
      forces: species.indices.map { SIMD3(f[3 * $0], f[3 * $0 + 1], f[3 * $0 + 2]) },
      virial: Matrix3([v[0], v[1], v[2]], [v[3], v[4], v[5]], [v[6], v[7], v[8]]))
  }

  private func feeds(_ list: ListFeeds, _ neighbours: NeighbourList) -> [Value: Tensor] {
    var feeds = [
      displacements: vectors(neighbours.displacements), neighbourSpecies: list.neighbourSpecies,
      starts: list.starts, neighbourStarts: list.neighbourStarts,
      neighbourPairs: list.neighbourPairs,
    ]
    guard atomsOfSpecies.count > 1 else { return feeds }
    feeds[places] = list.places
    for (value, tensor) in zip(atomsOfSpecies, list.atomsOfSpecies) { feeds[value] = tensor }
    return feeds
  }

  private func vectors(_ vectors: [SIMD3<Double>]) -> Tensor {
    func tensor<T: TensorElement>(_ number: (Double) -> T) -> Tensor {
      Tensor(shape: [vectors.count, 3]) { (elements: UnsafeMutableBufferPointer<T>) in
        for (place, vector) in vectors.enumerated() {
          for axis in 0..<3 { elements[3 * place + axis] = number(vector[axis]) }
        }
      }
    }
    return potential.elementType == .float32 ? tensor { Float($0) } : tensor { $0 }
  }
}

/// What is fed of a structure's species and neighbours, which stay the same while atoms move a little.
private struct ListFeeds: Sendable {
  private let species: [Int32]
  private let rowStarts: [Int]
  private let neighbours: [Int32]
  let order: SpeciesOrder
  let neighbourSpecies: Tensor
  let starts: Tensor
  let neighbourStarts: Tensor
  let neighbourPairs: Tensor
  let places: Tensor
  let atomsOfSpecies: [Tensor]

  init(_ species: [Int32], _ list: NeighbourList, speciesCount: Int) {
    (self.species, rowStarts, neighbours) = (species, list.starts, list.neighbours)
    order = SpeciesOrder(species, count: speciesCount)
    neighbourSpecies = Tensor(list.neighbours.map { species[Int($0)] })
    starts = Tensor(list.starts.map { Int32($0) })
    places = Tensor(order.places.map { Int32($0) })
    atomsOfSpecies = (0..<speciesCount).map { kind in
      Tensor(species.indices.filter { Int(species[$0]) == kind }.map { Int32($0) })
    }
    // Pairs in their order, by the neighbour.
    var begins = Array(repeating: Int32(0), count: species.count + 1)
    for neighbour in list.neighbours { begins[Int(neighbour) + 1] += 1 }
    for atom in species.indices { begins[atom + 1] += begins[atom] }
    var (next, pairs) = (begins, Array(repeating: Int32(0), count: list.neighbours.count))
    for (pair, neighbour) in list.neighbours.enumerated() {
      pairs[Int(next[Int(neighbour)])] = Int32(pair)
      next[Int(neighbour)] += 1
    }
    (neighbourStarts, neighbourPairs) = (Tensor(begins), Tensor(pairs))
  }

  /// Whether it is what would be made of these.
  func isOf(_ species: [Int32], _ list: NeighbourList) -> Bool {
    self.species == species && rowStarts == list.starts && neighbours == list.neighbours
  }
}
