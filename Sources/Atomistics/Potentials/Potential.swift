import Tensors

/// Energy, forces and virial of a structure as a function of the positions.
public protocol Potential: Sendable {
  /// Atoms further apart than this, in angstrom, do not know of each other.
  var cutoff: Double { get }

  /// Along which vectors of their cells structures may repeat at all; along all, unless a potential knows
  /// others.
  var periodic: Periodicity { get }

  /// Evaluates a structure.
  ///
  /// - Parameter neighbours: a list of the structure, limited to `periodic`, that reaches at least to `cutoff`.
  /// - Throws: `AtomisticsError` for species that the potential does not describe.
  func evaluate(
    _ structure: Structure, neighbours: NeighbourList, executor: any ParallelExecutor
  ) throws -> PotentialResult
}

/// What a potential says of a structure.
public struct PotentialResult: Sendable, Equatable {
  /// The total energy in eV.
  public var energy: Double
  /// Every atom's share of it in eV.
  public var atomicEnergies: [Double]
  /// The force on every atom in eV/angstrom.
  public var forces: [SIMD3<Double>]
  /// The virial `Σ d ⊗ f` in eV, positive under compression; minus it over the volume is the stress.
  public var virial: Matrix3

  /// A result put together by a potential; the energy is the sum of the shares.
  public init(atomicEnergies: [Double], forces: [SIMD3<Double>], virial: Matrix3) {
    energy = atomicEnergies.reduce(0, +)
    self.atomicEnergies = atomicEnergies
    self.forces = forces
    self.virial = virial
  }

  /// - Throws: `AtomisticsError` where energy or forces are no numbers, as of atoms that nearly touch.
  func checked(of structure: Structure) throws -> PotentialResult {
    let sum = forces.reduce(.zero, +)
    if energy.isFinite && (sum.x + sum.y + sum.z).isFinite { return self }
    let name = structure.name.isEmpty ? "" : " of \(structure.name)"
    let atom = forces.firstIndex { !($0.x + $0.y + $0.z).isFinite }
    throw AtomisticsError(
      key: (atom.map { "force on atom \($0 + 1)" } ?? "energy") + name,
      found: atom.map { "\(forces[$0])" } ?? "\(energy)", allowed: "finite numbers")
  }
}

extension Potential {
  public var periodic: Periodicity { .init(repeating: true) }

  /// Evaluates a structure, limited to `periodic`, with a neighbour list made for it.
  ///
  /// - Throws: `AtomisticsError` for species that the potential does not describe, for positions that are
  ///   not finite, for two atoms at one place, and where energy or forces are not finite.
  public func evaluate(
    _ structure: Structure, executor: any ParallelExecutor = SerialExecutor()
  ) throws -> PotentialResult {
    let structure = structure.limited(to: periodic)
    let list = try NeighbourList(of: structure, cutoff: cutoff, executor: executor)
    try list.checkDistances(structure)
    return try evaluate(structure, neighbours: list, executor: executor).checked(of: structure)
  }

  /// The structure, limited to `periodic`, with this potential's energy, forces, virial and shares of the
  /// atoms.
  ///
  /// - Throws: as `evaluate`.
  public func labelled(
    _ structure: Structure, executor: any ParallelExecutor = SerialExecutor()
  ) throws -> Structure {
    let result = try evaluate(structure, executor: executor)
    var labelled = structure.limited(to: periodic)
    labelled.energy = result.energy
    labelled.forces = result.forces
    labelled.virial = result.virial
    labelled.perAtomQuantity = result.atomicEnergies
    return labelled
  }
}
