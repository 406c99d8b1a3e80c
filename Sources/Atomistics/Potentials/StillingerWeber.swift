import Foundation
import Tensors

/// The potential of Stillinger and Weber for one species (Phys. Rev. B 31, 5262, 1985).
///
///     E = Σ pairs A ε [B (σ/r)^p - (σ/r)^q] exp(σ/(r - aσ))
///       + Σ triplets λ ε (cos θ + 1/3)² exp(γσ/(r_ij - aσ)) exp(γσ/(r_ik - aσ))
///
/// for distances below `a σ`. Half of a pair's energy belongs to either atom, a triplet's to the one
/// in the middle.
public struct StillingerWeber: Potential, Equatable {
  /// The species it describes.
  public var species = "Si"
  /// The unit of energy in eV.
  public var epsilon = 2.1683
  /// The unit of length in angstrom.
  public var sigma = 2.0951
  /// The cutoff in units of sigma.
  public var a = 1.80
  /// The strength of the triplets in units of epsilon.
  public var lambda = 21.0
  /// The range of the triplets.
  public var gamma = 1.20
  /// The strength of the pairs in units of epsilon.
  public var pairStrength = 7.049556277
  /// The strength of the pairs' repulsion.
  public var repulsion = 0.6022245584
  /// The power of the pairs' repulsion.
  public var p = 4.0
  /// The power of the pairs' attraction.
  public var q = 0.0

  /// Silicon with the original parameters, which the properties change.
  public init() {}

  /// `a σ` in angstrom.
  public var cutoff: Double { a * sigma }

  /// Evaluates a structure of the one species.
  ///
  /// - Throws: `AtomisticsError` for any other species.
  public func evaluate(
    _ structure: Structure, neighbours: NeighbourList, executor: any ParallelExecutor
  ) throws -> PotentialResult {
    precondition(neighbours.cutoff >= cutoff, "the list ends at \(neighbours.cutoff)")
    if !structure.species.allSatisfy({ $0 == species }) {
      _ = try structure.speciesIndices(in: [species])
    }
    var energies = [Double](repeating: 0, count: structure.count)
    let forces = energies.withUnsafeMutableBufferPointer { energies in
      let energies = energies
      return neighbours.withPointers { starts, _, displacements in
        PairForces(neighbours, executor: executor, atomsPerShard: 64) { atoms, forces in
          var shell = StillingerWeberShell(self)
          for i in atoms {
            energies[i] = shell.evaluate(starts[i]..<starts[i + 1], displacements, forces)
          }
        }
      }
    }
    let (total, virial) = forces.collected(neighbours)
    return PotentialResult(atomicEnergies: energies, forces: total, virial: virial)
  }

  /// The energy of a pair and its derivative by the distance.
  func pair(_ r: Double) -> (energy: Double, slope: Double) {
    let ratio = sigma / r
    let repulsive = repulsion * power(ratio, p)
    let attractive = power(ratio, q)
    let gap = 1 / (r - cutoff)
    let decay = pairStrength * epsilon * exp(sigma * gap)
    let energy = decay * (repulsive - attractive)
    let slope = decay * (q * attractive - p * repulsive) / r - energy * sigma * gap * gap
    return (energy, slope)
  }

  private func power(_ base: Double, _ exponent: Double) -> Double {
    if exponent == 0 { return 1 }
    if exponent == 4 { return (base * base) * (base * base) }
    return pow(base, exponent)
  }
}

/// The neighbours of one atom inside the cutoff, with room kept from atom to atom.
private struct StillingerWeberShell {
  private struct Neighbour {
    var entry: Int
    var inverse: Double
    var direction: SIMD3<Double>
    /// The triplets' decay and its derivative by the distance.
    var decay: Double
    var slope: Double
    var force: SIMD3<Double>
  }

  private let potential: StillingerWeber
  private var neighbours: [Neighbour] = []

  init(_ potential: StillingerWeber) { self.potential = potential }

  /// The atom's energy; the forces on its neighbours go to their places in the list.
  mutating func evaluate(
    _ row: Range<Int>, _ displacements: UnsafePointer<SIMD3<Double>>,
    _ forces: UnsafeMutablePointer<SIMD3<Double>>
  ) -> Double {
    let energy = gather(row, displacements)
    return neighbours.withUnsafeMutableBufferPointer { neighbours in
      let total = energy + Self.triplets(neighbours, potential.lambda * potential.epsilon)
      for neighbour in neighbours { forces[neighbour.entry] = neighbour.force }
      return total
    }
  }

  /// Half the energy of all pairs.
  private mutating func gather(
    _ row: Range<Int>, _ displacements: UnsafePointer<SIMD3<Double>>
  ) -> Double {
    let cutoff = potential.cutoff
    let range = potential.gamma * potential.sigma
    neighbours.removeAll(keepingCapacity: true)
    var energy = 0.0
    for e in row {
      let d = displacements[e]
      let squared = dot(d, d)
      guard squared < cutoff * cutoff else { continue }
      let r = squared.squareRoot()
      guard r < cutoff else { continue }
      let pair = potential.pair(r)
      let gap = 1 / (r - cutoff)
      let decay = exp(range * gap)
      let direction = d / r
      energy += 0.5 * pair.energy
      neighbours.append(
        Neighbour(
          entry: e, inverse: 1 / r, direction: direction, decay: decay,
          slope: -decay * range * gap * gap, force: direction * (-0.5 * pair.slope)))
    }
    return energy
  }

  private static func triplets(
    _ neighbours: UnsafeMutableBufferPointer<Neighbour>, _ strength: Double
  ) -> Double {
    var energy = 0.0
    for j in 0..<neighbours.count {
      let first = neighbours[j]
      var force = first.force
      for k in (j + 1)..<max(neighbours.count, j + 1) {
        let second = neighbours[k]
        let cosine = dot(first.direction, second.direction)
        let bend = cosine + 1.0 / 3
        let scaled = strength * bend
        let square = scaled * bend
        energy += square * first.decay * second.decay
        // The derivative by the cosine, and of the cosine by the directions.
        let turn = 2 * scaled * first.decay * second.decay
        let (turnJ, turnK) = (turn * first.inverse, turn * second.inverse)
        let alongJ = square * first.slope * second.decay - turnJ * cosine
        let alongK = square * first.decay * second.slope - turnK * cosine
        force -= first.direction * alongJ + second.direction * turnJ
        neighbours[k].force -= second.direction * alongK + first.direction * turnK
      }
      neighbours[j].force = force
    }
    return energy
  }
}
