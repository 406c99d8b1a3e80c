import AtomicNetworks
import Atomistics
import Dataflow

/// Inputs of A: molecules, atoms sorted by species.
struct MoleculeInputs {
  static let molecules = 1024
  static let symbols = ["H", "C", "N", "O"]

  let atomCounts: [Int]
  /// For each species the descriptors of its atoms.
  let descriptors: [Tensor]
  /// The molecule of each sorted atom.
  let moleculeOfAtom: [Int32]
  let energies: [Float]

  /// How many atoms of each species there are.
  static let atomsOfSpecies = sorted(speciesOfAtoms()).map(\.count)

  private static func atomCounts() -> [Int] {
    let stream = CounterStream(1)
    return (0..<molecules).map { 14 + Int(5 * stream[$0]) }
  }

  private static func speciesOfAtoms() -> [Int] {
    let stream = CounterStream(2)
    return (0..<atomCounts().reduce(0, +)).map { atom in
      [0.5, 0.8, 0.9].firstIndex { Double(stream[atom]) < $0 } ?? 3
    }
  }

  private static func sorted(_ species: [Int]) -> [[Int]] {
    symbols.indices.map { kind in species.indices.filter { species[$0] == kind } }
  }

  /// 1024 made-up molecules with dense descriptors.
  init(_ pool: ComputePool) {
    atomCounts = Self.atomCounts()
    let atoms = Self.sorted(Self.speciesOfAtoms())
    let molecules = atomCounts.enumerated().flatMap {
      Array(repeating: Int32($0.offset), count: $0.element)
    }
    moleculeOfAtom = atoms.joined().map { molecules[$0] }
    let numbers = CounterStream(3)
    let size = MoleculeTraining.sizes[0]
    descriptors = atoms.map { atoms in
      Tensor.filled([atoms.count, size], on: pool) { place in
        numbers[atoms[place / size] * size + place % size]
      }
    }
    let energies = CounterStream(4)
    self.energies = (0..<Self.molecules).map { 4 * energies.signed($0) }
  }

  /// As many atoms in small molecules, with their descriptors.
  init(described pool: ComputePool) throws {
    let wanted = Self.atomsOfSpecies.reduce(0, +)
    var structures: [Structure] = []
    var count = 0
    for structure in SmallMolecules.structures(wanted / 3) where count < wanted {
      structures.append(structure)
      count += structure.count
    }
    let descriptors = try AtomicDescriptors(DescriptorBenchmark.organic)
    let described = try descriptors.describe(structures, executor: pool)
    let batch = try Batch(
      described, speciesCount: Self.symbols.count, descriptorSize: descriptors.size,
      includesForces: false, elementType: .float32)
    atomCounts = batch.atomCounts
    self.descriptors = batch.descriptors
    moleculeOfAtom = batch.structureOfAtom.scalars(as: Int32.self)
    let energies = CounterStream(4)
    self.energies = structures.indices.map { 4 * energies.signed($0) }
  }

  var atomCount: Int { moleculeOfAtom.count }

  func feeds(_ graph: TrainingGraph) -> [Value: Tensor] {
    var feeds = Dictionary(uniqueKeysWithValues: zip(graph.potential.descriptors, descriptors))
    feeds[graph.potential.structureOfAtom] = Tensor(moleculeOfAtom)
    feeds[graph.referenceEnergies] = Tensor(energies)
    feeds[graph.atomCounts] = Tensor(atomCounts.map { Float($0) })
    return feeds
  }
}
