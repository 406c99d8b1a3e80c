import Atomistics
import Dataflow
import Foundation
import TestSupport
import Testing

@testable import AtomicNetworks

/// Potentials whose descriptors, networks and forces a device computes, beside the processor's.
@Suite(
  .enabled(if: TestDevice.isPresent, TestDevice.absence), .serialized, .timeLimit(.minutes(20)))
struct DevicePotentialTests {
  /// Networks with random weights for all species of some descriptors.
  private static func model(_ settings: DescriptorSettings) -> NetworkModel {
    var generator = PhiloxGenerator(seed: 8)
    let networks = settings.species.enumerated().map { index, symbol in
      SpeciesNetwork(
        symbol: symbol,
        layers: [
          .init(random: settings.size, to: 7, activation: .gaussian, using: &generator),
          .init(random: 7, to: 4, activation: .tanh, using: &generator),
          .init(random: 4, to: 1, activation: .linear, using: &generator),
        ], offset: -1.5 * Double(index))
    }
    return NetworkModel(networks: networks, descriptors: settings, energyRescale: 0.5)
  }

  private static let silicon = DescriptorSettings.modified(
    DescriptorParameters(
      species: ["Si"], radialEta: 16, radialCutoff: 5, radialStart: 0.5, radialCount: 16,
      angularEta: 10, angularCutoff: 5, angularStart: 0.5, angularCount: 4, zeta: 50,
      angleCount: 8))
  private static let organic = DescriptorSettings.modified(
    DescriptorParameters(
      species: ["H", "C", "N", "O"], radialEta: 16, radialCutoff: 4.6, radialStart: 0.5,
      radialCount: 8, angularEta: 6, angularCutoff: 3.1, angularStart: 0.5, angularCount: 4,
      zeta: 12.5, angleCount: 4))
  private static func plain(cuts: Bool) -> DescriptorSettings {
    .behlerParrinello(
      BehlerParrinelloParameters(
        species: ["H", "C", "N", "O"], radialEtas: [1, 4], radialCutoff: 3.5, radialStart: 0.5,
        radialCount: 3, angularEtas: [0.01, 0.1], angularCutoff: 3.5, zetas: [1, 4],
        cutsThirdDistance: cuts))
  }

  /// Displaced silicon in a cell of a certain size; smaller than the cutoff for one.
  private static func crystal(_ cells: SIMD3<Int>) throws -> Structure {
    var structure = try StartingStructures.diamond("Si", latticeConstant: 5.43, cells: cells)
    var generator = PhiloxGenerator(seed: 2)
    for atom in structure.positions.indices {
      structure.positions[atom] +=
        SIMD3(generator.uniform(), generator.uniform(), generator.uniform()) * 0.3
    }
    return structure
  }

  /// Molecules of four species, one of them with an atom that nothing is near.
  private static func molecules() throws -> [Structure] {
    let species = ["C", "H", "N", "O", "H", "C", "H", "O", "N"]
    let box = try Cell(vectors: Matrix3([4.2, 0, 0], [0, 4.4, 0], [0, 0, 4.3]))
    let clusters = try (1...3).map { seed in
      var structure = try StartingStructures.random(
        species, in: box, minimumDistance: 1, seed: UInt64(seed))
      if seed > 1 { structure.cell = .none }
      return structure
    }
    var lonely = clusters[2]
    lonely.species.append("N")
    lonely.positions.append([30, 0, 0])
    return clusters + [lonely]
  }

  private static var options: SessionOptions {
    var options = SessionOptions()
    options.placement = TestDevice.placement
    return options
  }

  private static let hasDouble = TestDevice.device?.properties.hasDouble == true

  /// Energies, forces and virial within a tolerance, of the largest number of each kind.
  private func expectNear(
    _ a: PotentialResult, _ b: PotentialResult, _ tolerance: Double, _ what: Comment
  ) {
    func worst(_ a: [Double], _ b: [Double]) -> Double {
      #expect(a.count == b.count, what)
      let scale = b.map { abs($0) }.max() ?? 1
      return zip(a, b).map { abs($0 - $1) }.max().map { $0 / max(1, scale) } ?? 0
    }
    func flat(_ vectors: [SIMD3<Double>]) -> [Double] { vectors.flatMap { [$0.x, $0.y, $0.z] } }
    func flat(_ matrix: Matrix3) -> [Double] { flat([matrix.a, matrix.b, matrix.c]) }
    #expect(worst([a.energy], [b.energy]) <= tolerance, what)
    #expect(worst(a.atomicEnergies, b.atomicEnergies) <= tolerance, what)
    #expect(worst(flat(a.forces), flat(b.forces)) <= tolerance, what)
    #expect(worst(flat(a.virial), flat(b.virial)) <= tolerance, what)
  }

  private func compare(_ settings: DescriptorSettings, _ structures: [Structure]) throws {
    let model = Self.model(settings)
    let processor = try NetworkPotential(model)
    let device = try NetworkPotential(model, options: Self.options)
    let single = try NetworkPotential(model, options: Self.options, elementType: .float32)
    for (index, structure) in structures.enumerated() {
      let expected = try processor.evaluate(structure)
      #expect(expected.forces.contains { abs($0.x) > 1e-2 })
      let found = try device.evaluate(structure)
      expectNear(found, expected, 1e-12, "structure \(index)")
      #expect(try device.evaluate(structure) == found)
      let rough = try single.evaluate(structure)
      expectNear(rough, expected, 1e-5, "structure \(index) in single precision")
      #expect(try single.evaluate(structure) == rough)
    }
  }

  @Test func crystals() throws {
    try compare(
      Self.silicon, try [Self.crystal([2, 1, 1]), Self.crystal(.one), Self.crystal([2, 2, 2])])
  }

  @Test func moleculesOfFourSpecies() throws { try compare(Self.organic, try Self.molecules()) }

  @Test(arguments: [false, true]) func plainDescriptors(cuts: Bool) throws {
    try compare(Self.plain(cuts: cuts), try Self.molecules())
  }

  @Test(.enabled(if: hasDouble, "the device has no double precision"))
  func forcesAreDifferences() throws {
    let settings = [Self.organic, Self.plain(cuts: false)]
    for settings in settings {
      let potential = try NetworkPotential(Self.model(settings), options: Self.options)
      let structure = try Self.molecules()[0]
      let forces = try potential.evaluate(structure).forces
      let h = 1e-5
      for atom in [0, 3, 8] {
        for axis in 0..<3 {
          func energy(_ step: Double) throws -> Double {
            var moved = structure
            moved.positions[atom][axis] += step
            return try potential.evaluate(moved).energy
          }
          let difference = -(try energy(h) - energy(-h)) / (2 * h)
          #expect(abs(forces[atom][axis] - difference) < 1e-6)
        }
      }
    }
  }

  @Test func movedTurnedAndPermuted() throws {
    let potential = try NetworkPotential(Self.model(Self.organic), options: Self.options)
    let structure = try Self.molecules()[1]
    let result = try potential.evaluate(structure)
    let (cosine, sine) = (cos(0.7), sin(0.7))
    let turn = Matrix3([cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1])
    var turned = structure
    turned.positions = structure.positions.map { $0 * turn + [3, -1, 0.5] }
    var expected = result
    expected.forces = result.forces.map { $0 * turn }
    expected.virial = turn.transposed * result.virial * turn
    expectNear(try potential.evaluate(turned), expected, 1e-10, "moved and turned")
    let order = [4, 0, 8, 2, 6, 1, 7, 3, 5]
    var permuted = structure
    permuted.species = order.map { structure.species[$0] }
    permuted.positions = order.map { structure.positions[$0] }
    expected = result
    expected.forces = order.map { result.forces[$0] }
    expected.atomicEnergies = order.map { result.atomicEnergies[$0] }
    expectNear(try potential.evaluate(permuted), expected, 1e-10, "permuted")
  }

  /// One species alone, one atom alone, no atom at all; then what there was before.
  @Test func structuresOfChangingSizes() throws {
    let potential = try NetworkPotential(Self.model(Self.organic), options: Self.options)
    let structure = try Self.molecules()[0]
    let first = try potential.evaluate(structure)
    let oxygen = Structure(species: ["O", "O"], positions: [.zero, [1.5, 0, 0]])
    let pair = try potential.evaluate(oxygen)
    #expect(abs(pair.forces[0].x + pair.forces[1].x) < 1e-12 && abs(pair.forces[0].x) > 1e-3)
    let lone = try potential.evaluate(Structure(species: ["H"], positions: [.zero]))
    #expect(lone.forces == [.zero] && lone.energy.isFinite && lone.virial == .zero)
    let nothing = try potential.evaluate(Structure(species: [], positions: []))
    #expect(nothing.energy == 0 && nothing.forces.isEmpty && nothing.virial == .zero)
    #expect(try potential.evaluate(structure) == first)
  }

  /// Neighbours in line, where angles have no direction to change in.
  @Test func atomsInLine() throws {
    for settings in [Self.organic, Self.plain(cuts: true)] {
      let model = Self.model(settings)
      let line = Structure(
        species: ["C", "O", "O", "H"],
        positions: [.zero, [1.2, 0, 0], [-1.2, 0, 0], [2.2, 0, 0]])
      let device = try NetworkPotential(model, options: Self.options)
      let expected = try NetworkPotential(model).evaluate(line)
      expectNear(try device.evaluate(line), expected, 1e-12, "in line")
      let single = try NetworkPotential(model, options: Self.options, elementType: .float32)
      expectNear(try single.evaluate(line), expected, 1e-5, "in line, in single precision")
    }
  }

  /// What an evaluation leaves to the CPU: nothing but the node that waits for all others.
  @Test(.enabled(if: hasDouble, "the device has no double precision"))
  func nothingIsTheProcessors() throws {
    for settings in [Self.organic, Self.plain(cuts: false), Self.silicon] {
      let (graph, model) = (Graph(), Self.model(settings))
      let potential = try StructureGraph(
        model.networks, settings, elementType: .float64, in: graph)
      let session = Session(graph, options: Self.options)
      try potential.potential.initialize(session, with: model.networks)
      let structure = try settings.species.count == 1 ? Self.crystal(.one) : Self.molecules()[0]
      let trace = RunTrace()
      _ = try potential.evaluate(
        structure.speciesIndices(in: settings.species),
        NeighbourList(of: structure, cutoff: 5), in: session, on: SerialExecutor(),
        options: RunOptions(trace: trace))
      let elsewhere = trace.records.filter { !$0.device.contains(TestDevice.device!.name.type!) }
      #expect(elsewhere.map(\.operation).filter { $0 != "NoOp" } == [])
      for operation in ["DescriptorValues", "DescriptorContraction", "NeighbourForces"] {
        #expect(trace.records.contains { $0.operation == operation })
      }
    }
  }

  /// Several callers of one potential at a time, with structures of their own.
  @Test func callersSideBySide() throws {
    let potential = try NetworkPotential(Self.model(Self.organic), options: Self.options)
    let structures = try Self.molecules()
    let expected = try structures.map { try potential.evaluate($0) }
    let found = Locked<[PotentialResult?]>(Array(repeating: nil, count: 12))
    ComputePool(threads: 4).run(shards: 12) { index in
      let result = try? potential.evaluate(structures[index % 4])
      found.withLock { $0[index] = result }
    }
    for (index, result) in found.withLock({ $0 }).enumerated() {
      #expect(result == expected[index % 4])
    }
  }
}
