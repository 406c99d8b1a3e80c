import Foundation
import Testing

@testable import Atomistics

@Suite struct SimulationPhaseTests {
  private func simulation(_ constant: Double, _ timeStep: Double) throws -> MolecularDynamics {
    var simulation = try MolecularDynamics(
      StartingStructures.diamond("Si", latticeConstant: constant), potential: StillingerWeber(),
      timeStep: timeStep)
    simulation.velocities = Velocities.maxwellBoltzmann(
      masses: simulation.masses, temperature: 300, seed: 1)
    return simulation
  }

  @Test func runsItsStepsAndTellsTheTemperature() throws {
    var simulation = try simulation(5.43, 1)
    var temperatures: [Double] = []
    try simulation.run(
      SimulationPhase(name: "run", steps: 7, temperature: 300)
    ) { temperatures.append($1) }
    #expect(simulation.step == 7 && temperatures.count == 7)
    #expect(temperatures.last == simulation.thermo.temperature)
    #expect(simulation.thermostat == nil)
    try simulation.run(SimulationPhase(name: "run", steps: 0, temperature: 300, friction: 0.1))
    #expect(simulation.step == 7)
    #expect(simulation.thermostat == MolecularDynamics.Langevin(temperature: 300, friction: 0.1))
  }

  @Test func tooHotIsAnError() throws {
    var simulation = try simulation(5.43, 1)
    let error = #expect(throws: AtomisticsError.self) {
      try simulation.run(SimulationPhase(name: "melt", steps: 5, temperature: 1))
    }
    #expect(error?.key == "temperature in step 1 of the melt")
    #expect(error?.allowed == "at most 20.0 K, 20 times what was asked")
    #expect(Double(error!.found.dropLast(2))! > 20 && error!.found.hasSuffix(" K"))
  }

  @Test func flyingAwayIsAnError() throws {
    var simulation = try simulation(5.43, 1)
    simulation.velocities[0].x = .nan
    let error = #expect(throws: AtomisticsError.self) {
      try simulation.run(SimulationPhase(name: "equilibration", steps: 5, temperature: 300))
    }
    #expect(error?.key == "position of atom 1 in step 1 of the equilibration")
  }
}

@Suite struct SimulationStatisticsTests {
  @Test func driftIsTheSlope() {
    var statistics = SimulationStatistics(atoms: 4)
    #expect(statistics.drift == 0 && statistics.meanTemperature == 0)
    for step in 0..<1000 {
      let time = 5000 + 0.5 * Double(step)
      // 2e-6 eV/fs for four atoms: 0.5 meV per atom and ps.
      statistics.add(
        time: time, temperature: step % 2 == 0 ? 290 : 310, energy: -1000 + 2e-6 * (time - 5000))
    }
    #expect(abs(statistics.drift - 0.5) < 1e-6)
    #expect(abs(statistics.meanTemperature - 300) < 1e-9 && statistics.count == 1000)
  }
}

@Suite struct SimulationRecorderTests {
  @Test func filesAppearWhenTheyAreComplete() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func names() throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    }
    var output = SimulationOutput(folder: folder)
    (output.thermoEvery, output.trajectoryEvery) = (2, 2)
    (output.exampleEvery, output.distributionEvery) = (3, 1)
    #expect(
      output.files(of: "a", steps: 6).map(\.lastPathComponent) == [
        "a_0000003.example", "a_0000006.example", "a.xyz", "a_rdf.dat", "a_thermo.dat",
      ])
    var simulation = try MolecularDynamics(
      StartingStructures.diamond("Si", latticeConstant: 5.43), potential: StillingerWeber(),
      timeStep: 1)
    do {
      let recorder = try SimulationRecorder("a", output, of: simulation)
      try simulation.run(steps: 5) { try recorder.record($0) }
      let visible = try names().filter { !$0.hasPrefix(".") }
      #expect(visible == ["a_0000003.example"])
    }
    // Given up: nothing half done stays.
    #expect(try names() == ["a_0000003.example"])
    let recorder = try SimulationRecorder("b", output, of: simulation)
    try simulation.run(steps: 3) { try recorder.record($0) }
    try recorder.finish()
    #expect(
      try names() == [
        "a_0000003.example", "b.xyz", "b_0000003.example", "b_rdf.dat", "b_thermo.dat",
      ])
    #expect(
      try ExtendedXYZ.read(folder.appendingPathComponent("b.xyz")).map(\.name) == ["b_0", "b_2"])
  }

  /// What a simulation that was killed had begun goes, what others have begun or written stays.
  @Test func hiddenRemainsOfTheNameGo() throws {
    try withTemporaryFolder { folder in
      func touch(_ names: [String]) throws {
        for name in names { try Data().write(to: folder.appendingPathComponent(name)) }
      }
      let others = [
        ".a_b.xyz.7.8", ".b_thermo.dat.7.8", ".a_1.example.7.8", ".a.xyz", ".a.xyz.7.x",
      ]
      try touch(others)
      try touch(
        [
          "a.xyz", "a_thermo.dat", "a_rdf.dat", "a_0000003.example", "a_stopped_rdf.dat",
          "a_failed.xyz",
        ].map { ".\($0).2000000000.4294967295" })
      var output = SimulationOutput(folder: folder)
      output.thermoEvery = 1
      let simulation = try MolecularDynamics(
        StartingStructures.diamond("Si", latticeConstant: 5.43), potential: StillingerWeber(),
        timeStep: 1)
      try SimulationRecorder("a", output, of: simulation).finish()
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      #expect(Set(names) == Set(others + ["a_thermo.dat"]))
    }
  }

  @Test func aFolderThatIsNotThereIsNamed() throws {
    var output = SimulationOutput(folder: URL(fileURLWithPath: "/nonexistent"))
    output.thermoEvery = 1
    let simulation = try MolecularDynamics(
      StartingStructures.diamond("Si", latticeConstant: 5.43), potential: StillingerWeber(),
      timeStep: 1)
    do {
      _ = try SimulationRecorder("a", output, of: simulation)
      Issue.record("no error")
    } catch {
      #expect("\(error)".hasPrefix("/nonexistent/a_thermo.dat: cannot be created"))
    }
  }
}

@Suite struct StructureJSONTests {
  @Test func numbersThatAreNotFiniteAreRefused() {
    let structure = Structure(species: ["H"], positions: [.zero], energy: .infinity)
    let error = #expect(throws: AtomisticsError.self) { try StructureJSON.encode([structure]) }
    #expect(error?.found == "inf" && error?.allowed == "finite numbers")
  }

  @Test func text() throws {
    let structure = Structure(
      name: "a\nb", species: ["H"], positions: [[1, 0.5, 0]],
      cell: try Cell(vectors: Matrix3([2, 0, 0], [0, 2, 0], .zero)), energy: -1)
    #expect(
      try StructureJSON.encode([structure]) == """
        {
          "units": {"length": "angstrom", "energy": "eV", "time": "fs"},
          "structures": [
            {"name": "a\\u000ab", "species": ["H"], "positions": [[1.0, 0.5, 0.0]], \
        "lattice_vectors": [[2.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 0.0]], \
        "periodic": [true, true, false], "energy": -1.0}
          ]
        }

        """)
  }
}
