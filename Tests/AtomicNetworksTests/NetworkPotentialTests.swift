import Atomistics
import Dataflow
import Foundation
import Testing

@testable import AtomicNetworks

@Suite struct NetworkPotentialTests {
  static let parameters = DescriptorParameters(
    species: ["H", "O"], radialEta: 4, radialCutoff: 4, radialStart: 0.5, radialCount: 4,
    angularEta: 2, angularCutoff: 3.5, angularStart: 0.5, angularCount: 2, zeta: 6, angleCount: 3)

  /// Two networks of different shapes and activations.
  static func model(energyRescale: Double = 1) -> NetworkModel {
    var generator = PhiloxGenerator(seed: 11)
    func network(_ symbol: String, _ sizes: [Int], _ offset: Double) -> SpeciesNetwork {
      let layers = sizes.indices.map { index in
        SpeciesNetwork.Layer(
          random: index == 0 ? parameters.size : sizes[index - 1], to: sizes[index],
          activation: index == sizes.count - 1 ? .linear : index == 0 ? .gaussian : .tanh,
          using: &generator)
      }
      return SpeciesNetwork(symbol: symbol, layers: layers, offset: offset)
    }
    return NetworkModel(
      networks: [network("H", [5, 1], -0.5), network("O", [6, 4, 1], -3)],
      descriptors: .modified(parameters), energyRescale: energyRescale)
  }

  /// Nine atoms of both species in a triclinic cell, smaller than the neighbours' reach.
  static func structure() throws -> Structure {
    let cell = try Cell(vectors: Matrix3([4.2, 0.3, 0], [0.4, 3.9, -0.2], [-0.3, 0.5, 4.5]))
    return try StartingStructures.random(
      ["O", "H", "H", "O", "H", "H", "O", "H", "H"], in: cell, minimumDistance: 0.9, seed: 2)
  }

  private func expectNear(
    _ a: [SIMD3<Double>], _ b: [SIMD3<Double>], _ tolerance: Double,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let worst =
      zip(a, b).map { max(abs($0.x - $1.x), abs($0.y - $1.y), abs($0.z - $1.z)) }.max() ?? 0
    #expect(a.count == b.count && worst < tolerance, "\(worst)", sourceLocation: sourceLocation)
  }

  /// Networks that learned without periodicity see none, however a structure is given.
  @Test func periodicityIsThatOfTheTraining() throws {
    let bulk = try Self.structure()
    var model = Self.model()
    for flags: Periodicity in [[false, false, false], [true, false, true]] {
      model.descriptors?.periodic = flags
      let limited = bulk.limited(to: flags)
      let expected = try NetworkPotential(Self.model()).labelled(limited)
      let potential = try NetworkPotential(model)
      #expect(try potential.labelled(bulk) == expected)
      #expect(
        try AtomicDescriptors(model.descriptors!).describe(bulk)
          == AtomicDescriptors(.modified(Self.parameters)).describe(limited))
      let dynamics = try MolecularDynamics(bulk, potential: potential, timeStep: 1)
      #expect(dynamics.structure.cell == limited.cell && dynamics.result.energy == expected.energy)
      let error = #expect(throws: NetworkError.self) {
        try potential.evaluate(
          bulk, neighbours: NeighbourList(of: bulk, cutoff: 4), executor: SerialExecutor())
      }
      #expect(error?.message.hasPrefix("there are neighbours across vector ") == true)
    }
  }

  @Test(arguments: [1.0, 0.25]) func forcesAreDifferences(rescale: Double) throws {
    let potential = try NetworkPotential(Self.model(energyRescale: rescale))
    let structure = try Self.structure()
    let result = try potential.evaluate(structure)
    let h = 1e-5
    let differences = try structure.positions.indices.map { i in
      var force = SIMD3<Double>.zero
      for c in 0..<3 {
        var (forward, backward) = (structure, structure)
        forward.positions[i][c] += h
        backward.positions[i][c] -= h
        force[c] =
          try (potential.evaluate(backward).energy - potential.evaluate(forward).energy) / (2 * h)
      }
      return force
    }
    #expect(result.forces.contains { abs($0.x) > 1e-3 })
    expectNear(result.forces, differences, 1e-7)
  }

  @Test func virialIsADifference() throws {
    let potential = try NetworkPotential(Self.model())
    let structure = try Self.structure()
    let virial = try potential.evaluate(structure).virial
    let h = 1e-6
    for row in 0..<3 {
      for column in 0..<3 {
        func energy(_ sign: Double) throws -> Double {
          var strain = Matrix3.identity
          strain[row][column] += sign * h
          var strained = structure
          strained.positions = structure.positions.map { $0 * strain }
          strained.cell = try Cell(vectors: structure.cell.vectors * strain)
          return try potential.evaluate(strained).energy
        }
        let difference = -(try energy(1) - energy(-1)) / (2 * h)
        #expect(abs(virial[row][column] - difference) < 1e-7 * max(1, abs(difference)))
      }
    }
  }

  @Test func movedTurnedAndPermuted() throws {
    let potential = try NetworkPotential(Self.model())
    let structure = try Self.structure()
    let result = try potential.evaluate(structure)

    var moved = structure
    moved.positions = structure.positions.map { $0 + [11.3, -0.7, 3.1] }
    let shifted = try potential.evaluate(moved)
    #expect(abs(shifted.energy - result.energy) < 1e-11)
    expectNear(shifted.forces, result.forces, 1e-10)

    let (cosine, sine) = (cos(0.7), sin(0.7))
    let turn = Matrix3([cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1])
    var turned = structure
    turned.positions = structure.positions.map { $0 * turn }
    turned.cell = try Cell(vectors: structure.cell.vectors * turn)
    let rotated = try potential.evaluate(turned)
    #expect(abs(rotated.energy - result.energy) < 1e-11)
    expectNear(rotated.forces, result.forces.map { $0 * turn }, 1e-10)

    let order = [4, 0, 8, 2, 6, 1, 7, 3, 5]
    var permuted = structure
    permuted.species = order.map { structure.species[$0] }
    permuted.positions = order.map { structure.positions[$0] }
    let mixed = try potential.evaluate(permuted)
    #expect(abs(mixed.energy - result.energy) < 1e-11)
    expectNear(mixed.forces, order.map { result.forces[$0] }, 1e-10)
    for (place, atom) in order.enumerated() {
      #expect(abs(mixed.atomicEnergies[place] - result.atomicEnergies[atom]) < 1e-12)
    }
  }

  @Test func copiesOfACellAddUp() throws {
    let potential = try NetworkPotential(Self.model())
    let structure = try Self.structure()
    let one = try potential.evaluate(structure)
    let eight = try potential.evaluate(structure.repeated([2, 2, 2]))
    #expect(abs(eight.energy - 8 * one.energy) < 1e-10)
    expectNear(Array(eight.forces[..<9]), one.forces, 1e-10)
  }

  @Test(arguments: [1.0, 0.25]) func equalToTheEvaluator(rescale: Double) throws {
    let model = Self.model(energyRescale: rescale)
    var structure = try Self.structure()
    structure.forces = Array(repeating: .zero, count: structure.count)
    let described = try AtomicDescriptors(Self.parameters).describe(
      structure, includeDerivatives: true)
    let expected = try Evaluator(model, computesForces: true).evaluate([described])[0]
    let result = try NetworkPotential(model).evaluate(structure)
    // The evaluator's descriptors are in single precision.
    #expect(abs(result.energy - expected.energy) < 1e-5 / rescale)
    for (mine, other) in zip(result.atomicEnergies, expected.atomicEnergies) {
      #expect(abs(mine - other) < 1e-6 / rescale)
    }
    let forces = result.forces.flatMap { [$0.x, $0.y, $0.z] }
    let worst = zip(forces, expected.forces!).map { abs($0 - $1) }.max()!
    #expect(worst < 1e-5 / rescale)
  }

  @Test(.timeLimit(.minutes(10)), arguments: [2, 3, 4])
  func equalBitsForAnyNumberOfThreads(threads: Int) throws {
    let potential = try NetworkPotential(Self.model())
    let structure = try Self.structure().repeated([2, 2, 1])
    let serial = try potential.evaluate(structure)
    let shared = try potential.evaluate(structure, executor: ComputePool(threads: threads))
    #expect(shared == serial)
  }

  @Test func structuresOfChangingSizes() throws {
    let potential = try NetworkPotential(Self.model())
    let structure = try Self.structure()
    let first = try potential.evaluate(structure)
    _ = try potential.evaluate(structure.repeated([2, 1, 1]))
    // One species alone, one atom alone, no atom at all.
    let oxygen = Structure(species: ["O", "O"], positions: [.zero, [1.5, 0, 0]])
    #expect(try potential.evaluate(oxygen).atomicEnergies.count == 2)
    let lone = try potential.evaluate(Structure(species: ["H"], positions: [.zero]))
    #expect(lone.forces == [.zero] && lone.energy.isFinite)
    let nothing = try potential.evaluate(Structure(species: [], positions: []))
    #expect(nothing.energy == 0 && nothing.forces.isEmpty)
    #expect(try potential.evaluate(structure) == first)
  }

  @Test func whatItDoesNotKnowIsNamed() throws {
    var model = Self.model()
    let potential = try NetworkPotential(model)
    let error = #expect(throws: AtomisticsError.self) {
      try potential.evaluate(Structure(species: ["H", "N"], positions: [.zero, [1, 0, 0]]))
    }
    #expect(error?.key == "species of atom 2" && error?.allowed == "H, O")
    model.descriptors = nil
    #expect(throws: NetworkError.self) { try NetworkPotential(model) }
    var parameters = Self.parameters
    parameters.species = ["O", "H"]
    model.descriptors = .modified(parameters)
    #expect(throws: NetworkError.self) { try NetworkPotential(model) }
  }
}
