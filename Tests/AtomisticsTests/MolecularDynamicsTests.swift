import Foundation
import Tensors
import Testing

@testable import Atomistics

@Suite struct StartingStructuresTests {
  @Test func diamondHasFourNeighbours() throws {
    let diamond = try StartingStructures.diamond("Si", latticeConstant: 5.43, cells: [2, 1, 3])
    #expect(diamond.count == 48 && diamond.cell.volume.rounded() == (6 * 160.103007).rounded())
    let bond = 5.43 * 3.0.squareRoot() / 4
    let list = try NeighbourList(of: diamond, cutoff: 2.5)
    for i in 0..<48 {
      #expect(list.row(i).count == 4)
      #expect(list.row(i).allSatisfy { abs(length(list.displacements[$0]) - bond) < 1e-12 })
    }
  }

  @Test func randomAtomsKeepTheirDistance() throws {
    let cell = Cell(cubic: 10.86)
    let liquid = try StartingStructures.random(
      Array(repeating: "Si", count: 64), in: cell, minimumDistance: 1.8, seed: 3)
    #expect(try NeighbourList(of: liquid, cutoff: 1.8).neighbours.isEmpty)
    let again = try StartingStructures.random(
      liquid.species, in: cell, minimumDistance: 1.8, seed: 3)
    #expect(again == liquid)
    #expect(throws: AtomisticsError.self) {
      try StartingStructures.random(
        liquid.species, in: Cell(cubic: 5), minimumDistance: 1.8, seed: 3)
    }
  }
}

@Suite struct VelocitiesTests {
  @Test func maxwellBoltzmann() {
    let masses = (0..<6000).map { $0 % 2 == 0 ? 28.085 : 1.008 }
    let velocities = Velocities.maxwellBoltzmann(masses: masses, temperature: 500, seed: 1)
    #expect(length(Velocities.momentum(of: velocities, masses: masses)) < 1e-9)
    // The relative spread of the temperature is sqrt(2 / 3n) = 1 %.
    #expect(abs(Velocities.temperature(of: velocities, masses: masses) / 500 - 1) < 0.04)
    // Both kinds have the same mean energy.
    for kind in 0...1 {
      let own = (0..<3000).map { velocities[2 * $0 + kind] }
      let temperature = Velocities.temperature(
        of: own, masses: Array(repeating: masses[kind], count: 3000))
      #expect(abs(temperature / 500 - 1) < 0.06)
    }
    let exact = Velocities.maxwellBoltzmann(
      masses: masses, temperature: 500, isExact: true, seed: 1)
    #expect(abs(Velocities.temperature(of: exact, masses: masses) - 500) < 1e-9)
    #expect(
      exact
        == Velocities.maxwellBoltzmann(
          masses: masses, temperature: 500, isExact: true, seed: 1))
  }

  @Test func normalNumbersHaveTheirMoments() {
    var normal = NormalGenerator(seed: 4)
    let numbers = (0..<200_000).map { _ in normal.next() }
    func moment(_ power: Double) -> Double {
      numbers.map { pow($0, power) }.reduce(0, +) / Double(numbers.count)
    }
    #expect(abs(moment(1)) < 0.01 && abs(moment(2) - 1) < 0.015)
    #expect(abs(moment(3)) < 0.04 && abs(moment(4) - 3) < 0.1)
  }
}

/// Springs between every two atoms: a potential whose motion is known.
private struct Springs: Potential {
  var cutoff: Double { 50 }
  var stiffness = 2.0

  func evaluate(
    _ structure: Structure, neighbours: NeighbourList, executor: any ParallelExecutor
  ) throws -> PotentialResult {
    var energies = [Double](repeating: 0, count: structure.count)
    var forces = [SIMD3<Double>](repeating: .zero, count: structure.count)
    for i in 0..<structure.count {
      for e in neighbours.row(i) {
        energies[i] +=
          0.25 * stiffness * dot(neighbours.displacements[e], neighbours.displacements[e])
        forces[i] += stiffness * neighbours.displacements[e]
      }
    }
    return PotentialResult(atomicEnergies: energies, forces: forces, virial: .zero)
  }
}

@Suite struct MolecularDynamicsTests {
  private func silicon(
    _ temperature: Double, timeStep: Double, cells: Int = 2, seed: UInt64 = 1,
    thermostat: MolecularDynamics.Langevin? = nil,
    executor: any ParallelExecutor = SerialExecutor()
  ) throws -> MolecularDynamics {
    var structure = try StartingStructures.diamond(
      "Si", latticeConstant: 5.43, cells: SIMD3(repeating: cells))
    structure.velocities = Velocities.maxwellBoltzmann(
      masses: try Elements.masses(of: structure), temperature: temperature, isExact: true,
      seed: seed)
    return try MolecularDynamics(
      structure, potential: StillingerWeber(), timeStep: timeStep, thermostat: thermostat,
      seed: seed, executor: executor)
  }

  @Test func resultsAreNumbersOfAtomsWithPlacesOfTheirOwn() throws {
    var pair = Structure(name: "pair", species: ["Si", "Si"], positions: [.zero, [0, 0, 1e-9]])
    func message(_ potential: any Potential) -> [String] {
      [
        { _ = try potential.labelled(pair) },
        { _ = try MolecularDynamics(pair, potential: potential, timeStep: 1) },
      ].map { (body: () throws -> Void) in
        do {
          try body()
          return ""
        } catch { return "\(error)" }
      }
    }
    let twins =
      "position of atom 1 of pair: found the place of atom 2; allowed: a place of its own"
    #expect(message(StillingerWeber()) == [twins, twins])
    pair.positions[1].z = 1
    #expect(message(StillingerWeber()) == ["", ""])
    let wrong =
      "force on atom 1 of pair: found SIMD3<Double>(nan, nan, nan); allowed: finite numbers"
    #expect(message(Springs(stiffness: .nan)) == [wrong, wrong])
  }

  /// Two atoms on a spring swing with the frequency sqrt(2 k / m).
  @Test func aSpringSwingsInTime() throws {
    let pair = Structure(species: ["Si", "Si"], positions: [[-0.6, 0, 0], [0.6, 0, 0]])
    var md = try MolecularDynamics(pair, potential: Springs(), timeStep: 0.05, masses: [20, 20])
    let period = 2 * Double.pi * (20 / (2 * 2.0)).squareRoot() * Units.naturalTime
    try md.run(steps: Int((period / 0.05).rounded()))
    #expect(length(md.structure.positions[1] - [0.6, 0, 0]) < 1e-4)
    try md.run(steps: Int((period / 0.2).rounded()))
    #expect(abs(md.structure.positions[1].x) < 1e-3)
    #expect(abs(md.thermo.kinetic - md.thermo.total) < 1e-4)
  }

  /// The error of the total energy falls with the square of the step.
  @Test(.timeLimit(.minutes(10))) func energyErrorIsOfSecondOrder() throws {
    func error(_ timeStep: Double) throws -> Double {
      var md = try silicon(800, timeStep: timeStep)
      let start = md.thermo.total
      var worst = 0.0
      try md.run(steps: Int(200 / timeStep)) { worst = max(worst, abs($0.thermo.total - start)) }
      return worst
    }
    let errors = try [2.0, 1.0, 0.5].map(error)
    for (coarse, fine) in zip(errors, errors.dropFirst()) {
      #expect((3.5...4.5).contains(coarse / fine), "\(errors)")
    }
  }

  @Test(.timeLimit(.minutes(10))) func timeCanBeTurnedBack() throws {
    var md = try silicon(1000, timeStep: 1)
    let start = md.structure
    try md.run(steps: 300)
    #expect(md.listCount > 0)
    md.timeStep = -1
    try md.run(steps: 300)
    let worst = zip(md.structure.positions, start.positions).map { length($0 - $1) }.max()!
    #expect(worst < 1e-8)
  }

  @Test(.timeLimit(.minutes(10))) func momentumStaysZero() throws {
    var md = try silicon(1500, timeStep: 1)
    try md.run(steps: 200)
    #expect(length(Velocities.momentum(of: md.velocities, masses: md.masses)) < 1e-10)
    md.thermostat = .init(temperature: 1500)
    try md.run(steps: 200)
    #expect(length(Velocities.momentum(of: md.velocities, masses: md.masses)) < 1e-10)
  }

  /// One atom has three degrees of freedom, and no others to keep their centre at rest.
  @Test func oneAtomHasATemperature() throws {
    let exact = Velocities.maxwellBoltzmann(
      masses: [28.085], temperature: 300, isExact: true, seed: 1)
    #expect(abs(Velocities.temperature(of: exact, masses: [28.085]) - 300) < 1e-9)
    var md = try MolecularDynamics(
      Structure(species: ["Si"], positions: [.zero]), potential: StillingerWeber(), timeStep: 1,
      thermostat: .init(temperature: 300, friction: 0.1))
    var sum = 0.0
    try md.run(steps: 100_000) { sum += $0.thermo.temperature }
    // Some 10,000 independent values, whose spread is T sqrt(2 / 3).
    #expect(abs(sum / 100_000 - 300) < 15, "\(sum / 100_000)")
  }

  /// Listing with a skin changes nothing: every pair inside the cutoff is always there.
  @Test(.timeLimit(.minutes(10))) func theSkinMissesNoPair() throws {
    var md = try silicon(3000, timeStep: 1)
    try md.run(steps: 400) { md in
      guard md.step % 20 == 0 else { return }
      let fresh = try StillingerWeber().evaluate(md.structure)
      #expect(abs(fresh.energy - md.result.energy) < 1e-10)
      let worst = zip(fresh.forces, md.result.forces).map { length($0 - $1) }.max()!
      #expect(worst < 1e-10)
    }
    #expect(md.listCount > 3 && md.listCount < 200)
  }

  @Test(.timeLimit(.minutes(10)), arguments: [0.005, 0.05])
  func theBathSetsTheTemperature(friction: Double) throws {
    var md = try silicon(
      900, timeStep: 1, cells: 2, seed: 5,
      thermostat: .init(temperature: 600, friction: friction))
    try md.run(steps: 2000)
    var (sum, squares, count) = (0.0, 0.0, 0.0)
    try md.run(steps: 20000) {
      let temperature = $0.thermo.temperature
      (sum, squares, count) = (sum + temperature, squares + temperature * temperature, count + 1)
    }
    let mean = sum / count
    // 64 atoms: the spread is T sqrt(2 / 189), and of it the mean is far better known.
    let spread = (squares / count - mean * mean).squareRoot()
    #expect(abs(mean - 600) < 12, "mean \(mean)")
    #expect(abs(spread / (600 * (2.0 / 189).squareRoot()) - 1) < 0.15, "spread \(spread)")
  }

  @Test(.timeLimit(.minutes(10)), arguments: [1, 2, 3, 4])
  func equalSeedsGiveEqualBits(threads: Int) throws {
    let bath = MolecularDynamics.Langevin(temperature: 2000, friction: 0.02)
    var one = try silicon(2000, timeStep: 1, thermostat: bath)
    var other = try silicon(
      2000, timeStep: 1, thermostat: bath, executor: ThreadedExecutor(threads: threads))
    try one.run(steps: 100)
    try other.run(steps: 100)
    #expect(one.structure == other.structure && one.thermo == other.thermo)
  }

  /// The pressure is minus the derivative of the energy by the volume.
  @Test func pressureIsTheSlopeOfTheEnergy() throws {
    func at(_ constant: Double) throws -> Thermo {
      try MolecularDynamics(
        StartingStructures.diamond("Si", latticeConstant: constant),
        potential: StillingerWeber(), timeStep: 1
      ).thermo
    }
    let (low, high) = try (at(5.3 - 1e-4), at(5.3 + 1e-4))
    let slope = (high.potential - low.potential) / (high.volume - low.volume)
    #expect(abs(try at(5.3).pressure + slope * Units.gigapascal) < 1e-5)
    // An ideal gas: N kB T / V, with as many degrees of freedom as atoms can move in.
    var gas = Structure(
      species: ["Si", "Si"], positions: [.zero, [50, 50, 50]], cell: Cell(cubic: 100))
    gas.velocities = [[0.01, 0, 0], [-0.01, 0, 0]]
    let thermo = try MolecularDynamics(gas, potential: StillingerWeber(), timeStep: 1).thermo
    #expect(
      abs(thermo.pressure - Units.boltzmann * thermo.temperature / 1e6 * Units.gigapascal) < 1e-15)
  }

  @Test func anExplosionIsAnError() throws {
    var structure = Structure(species: ["Si", "Si"], positions: [.zero, [1e-7, 0, 0]])
    structure.velocities = [.zero, .zero]
    var md = try MolecularDynamics(structure, potential: StillingerWeber(), timeStep: 1)
    #expect(throws: AtomisticsError.self) { try md.run(steps: 10) }
  }
}

@Suite struct RadialDistributionTests {
  @Test func diamondHasItsShells() throws {
    var rdf = RadialDistribution(maximum: 5, bins: 100)
    let diamond = try StartingStructures.diamond("Si", latticeConstant: 5.43)
    try rdf.add(diamond)
    try rdf.add(diamond)
    #expect(rdf.frames == 2)
    // Four neighbours at 2.351, twelve at 3.840, twelve at 4.502 angstrom.
    let density = 8 / diamond.cell.volume
    for (low, high, expected) in [(2.0, 3.0, 4.0), (3.0, 4.2, 12.0), (4.2, 5.0, 12.0)] {
      var found = 0.0
      for (r, g) in zip(rdf.distances, rdf.values) where r > low && r < high {
        let (inner, outer) = (r - 0.025, r + 0.025)
        found += g * density * 4 / 3 * .pi * (pow(outer, 3) - pow(inner, 3))
      }
      #expect(abs(found - expected) < 1e-9)
    }
  }

  @Test func anIdealGasIsFlat() throws {
    var rdf = RadialDistribution(maximum: 5, bins: 5)
    var generator = PhiloxGenerator(seed: 3)
    let cell = Cell(cubic: 20)
    for _ in 0..<5 {
      let positions = (0..<1000).map { _ in
        cell.cartesian(SIMD3(generator.uniform(), generator.uniform(), generator.uniform()))
      }
      try rdf.add(
        Structure(species: Array(repeating: "A", count: 1000), positions: positions, cell: cell))
    }
    for g in rdf.values.dropFirst() { #expect(abs(g - 1) < 0.05) }
  }
}
