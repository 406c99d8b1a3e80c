import Tensors

/// Energy, forces and virial of a structure as a function of the positions.
public protocol Potential: Sendable {
  /// Atoms further apart than this, in angstrom, do not know of each other.
  var cutoff: Double { get }

  /// Evaluates a structure.
  ///
  /// - Parameter neighbours: a list of the structure that reaches at least to `cutoff`.
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
}

extension Potential {
  /// Evaluates a structure with a neighbour list made for it.
  ///
  /// - Throws: `AtomisticsError` for species that the potential does not describe and for positions
  ///   that are not finite.
  public func evaluate(
    _ structure: Structure, executor: any ParallelExecutor = SerialExecutor()
  ) throws -> PotentialResult {
    try evaluate(
      structure,
      neighbours: NeighbourList(of: structure, cutoff: cutoff, executor: executor),
      executor: executor)
  }

  /// The structure with this potential's energy, forces, virial and shares of the atoms.
  ///
  /// - Throws: as `evaluate`.
  public func labelled(
    _ structure: Structure, executor: any ParallelExecutor = SerialExecutor()
  ) throws -> Structure {
    let result = try evaluate(structure, executor: executor)
    var labelled = structure
    labelled.energy = result.energy
    labelled.forces = result.forces
    labelled.virial = result.virial
    labelled.perAtomQuantity = result.atomicEnergies
    return labelled
  }
}
