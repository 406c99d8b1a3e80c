import AtomicNetworks
import Atomistics
import Dataflow
import Foundation
import ProgramSupport
import TestSupport
import Testing

@testable import panna

@Suite struct MDTests {
  static let ini = """
    [STRUCTURE]
    type = diamond
    lattice_parameter = 5.43
    [POTENTIAL]
    type = stillinger-weber
    [DYNAMICS]
    temperature = 300
    equilibration_steps = 20
    steps = 30
    seed = 7
    [OUTPUT]
    directory = FOLDER/out
    prefix = si
    thermo_every = 5
    trajectory_every = 10
    example_every = 15
    rdf_every = 3
    rdf_maximum = 6
    rdf_bins = 60
    """

  private func fixture(_ ini: String = ini) throws -> ProgramFixture {
    let fixture = try ProgramFixture()
    try fixture.write(ini, to: "md.ini")
    return fixture
  }

  private func run(_ fixture: ProgramFixture, _ sets: String...) throws {
    let arguments =
      ["--config", fixture.path("md.ini")]
      + sets.flatMap { ["--set", $0.replacing("FOLDER", with: fixture.folder.path)] }
    try MD.run(MD.options.parse(arguments))
  }

  /// The numbers of a file after its first line.
  private func rows(_ text: String) -> [[Double]] {
    text.split(separator: "\n").dropFirst().map { $0.split(separator: " ").map { Double($0)! } }
  }

  @Test func filesOfOneRun() throws {
    let fixture = try fixture()
    try run(fixture)
    let name = "si_a5p43_T300_r1"
    #expect(
      try fixture.names(in: "out") == [
        "\(name).xyz", "\(name)_0000015.example", "\(name)_0000030.example", "\(name)_rdf.dat",
        "\(name)_thermo.dat",
      ])
    let thermo = try fixture.text("out/\(name)_thermo.dat")
    let header = thermo.prefix { $0 != "\n" }
    #expect(
      header.hasPrefix(
        "# step time_fs temperature_K kinetic_eV potential_eV total_eV pressure_GPa atoms=8 steps=30"
          + " time_step=0.381 temperature=300.0 ensemble=nve seed=7 equilibration_steps=20"
          + " friction=0.01 structure="))
    #expect(
      header.hasSuffix(
        " thermo_every=5 trajectory_every=10 example_every=15 rdf_every=3 rdf_maximum=6.0"
          + " rdf_bins=60"))
    let rows = rows(thermo)
    #expect(rows.map { $0[0] } == [0, 5, 10, 15, 20, 25, 30])
    for row in rows {
      #expect(row.count == 7 && abs(row[1] - 0.381 * row[0]) < 1e-8)
      #expect(abs(row[3] + row[4] - row[5]) < 2e-9)
      // 3 n - 3 degrees of freedom.
      #expect(abs(row[3] - 10.5 * Units.boltzmann * row[2]) < 1e-8)
      #expect(abs(row[5] - rows[0][5]) < 1e-3)
    }
    #expect(Set(rows.map { $0[2] }).count == 7)
  }

  @Test func framesAndSnapshotsAgree() throws {
    let fixture = try fixture()
    try run(fixture, "DYNAMICS.temperature=2000", "DYNAMICS.equilibration_steps=300")
    let name = "si_a5p43_T2000_r1"
    let frames = try ExtendedXYZ.read(fixture.url("out/\(name).xyz"))
    #expect(frames.map(\.name) == [0, 10, 20, 30].map { "\(name)_\($0)" })
    let snapshot = try ExampleFile.read(fixture.url("out/\(name)_0000030.example"))
    let last = frames[3]
    #expect(snapshot.energy == last.energy && snapshot.forces == last.forces)
    #expect(last.velocities != nil && snapshot.perAtomQuantity == nil)
    for (inside, anywhere) in zip(snapshot.positions, last.positions) {
      #expect(all(inside .>= 0) && all(inside .< 5.43))
      let cells = (anywhere - inside) / 5.43
      for k in 0..<3 { #expect(abs(cells[k] - cells[k].rounded()) < 1e-12) }
    }
    let result = try StillingerWeber().evaluate(snapshot)
    #expect(abs(result.energy - snapshot.energy!) < 1e-9)
  }

  @Test func radialDistributionHasTheBond() throws {
    let fixture = try fixture()
    try run(fixture, "DYNAMICS.temperature=10")
    let text = try fixture.text("out/si_a5p43_T10_r1_rdf.dat")
    let rows = rows(text)
    #expect(text.hasPrefix("# r_angstrom g\n") && rows.count == 60)
    let peak = rows.filter { $0[0] < 3 }.max { $0[1] < $1[1] }!
    #expect(abs(peak[0] - 5.43 * 3.0.squareRoot() / 4) < 0.1)
    #expect(rows.filter { $0[0] < 2.1 }.allSatisfy { $0[1] == 0 })
    // Four bonds: the integral over the first peak.
    let bonds = rows.filter { $0[0] < 3 }.reduce(0) {
      $0 + $1[1] * 4 * .pi * $1[0] * $1[0] * 0.1 * 8 / (5.43 * 5.43 * 5.43)
    }
    #expect(abs(bonds - 4) < 0.05)
  }

  @Test(.timeLimit(.minutes(10)), arguments: [1, 2, 3, 4])
  func filesDoNotDependOnThreads(threads: Int) throws {
    let sets = ["STRUCTURE.lattice_parameter=5.4, 5.6", "DYNAMICS.repetitions=2"]
    let (grid, again) = (try fixture(), try fixture())
    try run(grid, sets[0], sets[1])
    try run(again, sets[0], sets[1], "PARALLELIZATION.number_of_process=\(threads)")
    let names = try grid.names(in: "out")
    #expect(try names.count == 20 && again.names(in: "out") == names)
    for name in names { #expect(try grid.bytes("out/\(name)") == again.bytes("out/\(name)")) }
    // One run takes all threads for its forces, and has the numbers it has in a grid.
    try run(
      again, "STRUCTURE.lattice_parameter=5.6", "OUTPUT.directory=FOLDER/one",
      "PARALLELIZATION.number_of_process=\(threads)")
    for name in try again.names(in: "one") {
      #expect(try grid.bytes("out/\(name)") == again.bytes("one/\(name)"))
    }
  }

  @Test func everyRunHasItsOwnNumbers() throws {
    let fixture = try fixture()
    try run(
      fixture, "DYNAMICS.repetitions=2", "DYNAMICS.temperature=300, 301",
      "OUTPUT.example_every=0", "OUTPUT.trajectory_every=0", "OUTPUT.rdf_every=0")
    let names = try fixture.names(in: "out")
    #expect(
      names == ["T300_r1", "T300_r2", "T301_r1", "T301_r2"].map { "si_a5p43_\($0)_thermo.dat" })
    #expect(Set(try names.map { try rows(fixture.text("out/\($0)")) }).count == 4)
    try run(fixture, "DYNAMICS.seed=8", "OUTPUT.directory=FOLDER/other")
    #expect(
      try rows(fixture.text("out/\(names[0])")) != rows(fixture.text("other/\(names[0])")))
  }

  @Test func existingRunsAreSkipped() throws {
    let fixture = try fixture()
    try run(fixture)
    let thermo = "out/si_a5p43_T300_r1_thermo.dat"
    try fixture.write("mine", to: thermo)
    try run(fixture, "OUTPUT.skip_existing=True")
    #expect(try fixture.text(thermo) == "mine")
    // One file missing: the whole run is done again.
    try FileManager.default.removeItem(at: fixture.url("out/si_a5p43_T300_r1_0000015.example"))
    try run(fixture, "OUTPUT.skip_existing=True")
    #expect(try fixture.text(thermo) != "mine")
    try fixture.write("mine", to: thermo)
    try run(fixture)
    #expect(try fixture.text(thermo) != "mine")
  }

  /// Files of a run of another length, or with other numbers, are not those that are asked for.
  @Test(arguments: [
    ("DYNAMICS.steps=35", "steps = 30, now it is 35"),
    ("DYNAMICS.time_step=0.4", "time_step = 0.381, now it is 0.4"),
    ("DYNAMICS.seed=8", "seed = 7, now it is 8"),
    ("DYNAMICS.ensemble=langevin", "ensemble = nve, now it is langevin"),
    ("DYNAMICS.equilibration_steps=0", "equilibration_steps = 20, now it is nothing"),
    ("DYNAMICS.friction=0.02", "friction = 0.01, now it is 0.02"),
    ("STRUCTURE.repeat=2", "another structure"),
    ("OUTPUT.rdf_bins=50", "rdf_bins = 60, now it is 50"),
  ])
  func runsOfOtherDynamicsAreComputedAgain(set: String, difference: String) throws {
    let fixture = try fixture()
    try run(fixture, "OUTPUT.example_every=0")
    let thermo = "out/si_a5p43_T300_r1_thermo.dat"
    let header = try fixture.text(thermo).prefix { $0 != "\n" }
    let sets = ["OUTPUT.example_every=0", "OUTPUT.skip_existing=True"]
    try fixture.write("\(header)\nmine", to: thermo)
    try run(fixture, sets[0], sets[1])
    #expect(try fixture.text(thermo) == "\(header)\nmine")
    let now = try MDConfiguration(
      MD.options.parse(
        ["--config", fixture.path("md.ini"), "--set", sets[0], "--set", set]
      ).configuration())
    #expect(
      try MDRecord(now, now.runs[0]).difference(
        from: #require(MDRecord(in: fixture.url(thermo)))) == difference)
    try run(fixture, sets[0], sets[1], set)
    #expect(try fixture.text(thermo) != "\(header)\nmine")
  }

  /// What was recorded is kept, under names that nobody takes for the whole run's.
  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: TrainTests.executable)))
  func aSignalKeepsWhatWasRecorded() throws {
    let fixture = try fixture()
    let process = Process()
    process.executableURL = URL(fileURLWithPath: TrainTests.executable)
    process.arguments =
      ["md", "--config", fixture.path("md.ini")]
      + ["DYNAMICS.steps=100000000", "OUTPUT.example_every=0"].flatMap { ["--set", $0] }
    let errors = Pipe()
    (process.standardError, process.standardOutput) = (errors, FileHandle.nullDevice)
    try process.run()
    // The files are begun when the signals are caught.
    while (try? fixture.names(in: "out"))?.isEmpty ?? true { usleep(5000) }
    usleep(200_000)
    kill(process.processIdentifier, SIGTERM)
    let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationReason == .exit && process.terminationStatus == 1)
    let name = "si_a5p43_T300_r1"
    #expect(said.contains("\(name): SIGTERM at step "))
    #expect(said.contains("; what was recorded is in \(name)_stopped*\n"))
    #expect(said.hasSuffix("panna: md: SIGTERM: 1 of 1 runs failed: \(name)\n"))
    #expect(
      try fixture.names(in: "out")
        == ["\(name)_stopped.xyz", "\(name)_stopped_rdf.dat", "\(name)_stopped_thermo.dat"])
    let rows = rows(try fixture.text("out/\(name)_stopped_thermo.dat"))
    #expect(rows.count > 1 && rows.indices.allSatisfy { rows[$0][0] == Double(5 * $0) })
    #expect(
      try ExtendedXYZ.read(fixture.url("out/\(name)_stopped.xyz")).count == (rows.count + 1) / 2)
  }

  /// The files of two runs of one name would be taken for those of one.
  @Test func aRunReplacesAnEarlierOneOfItsName() throws {
    let fixture = try fixture()
    try run(fixture)
    let name = "si_a5p43_T300_r1"
    let others = ["\(name)_a_0000001.example", "\(name)_1.example", "x_0000001.example"]
    for file in others + ["\(name)_stopped.xyz", "\(name)_failed_thermo.dat"] {
      try fixture.write("", to: "out/\(file)")
    }
    try run(fixture, "DYNAMICS.steps=15", "DYNAMICS.seed=8")
    #expect(
      try fixture.names(in: "out")
        == (others + [
          "\(name).xyz", "\(name)_0000015.example", "\(name)_rdf.dat", "\(name)_thermo.dat",
        ]).sorted())
    // Without examples of its own it replaces none.
    try run(fixture, "OUTPUT.example_every=0")
    #expect(fixture.exists("out/\(name)_0000015.example"))
    #expect(
      fixture.message { try run(fixture, "OUTPUT.rdf_maximum=1e6") }
        == "1 of 1 runs failed: \(name)")
  }

  /// A molecule that is let go too far from its bond's length becomes too hot within some steps.
  @Test func aFailureKeepsWhatWasRecorded() throws {
    let fixture = try fixture(
      """
      [STRUCTURE]
      type = file
      file = FOLDER/in.xyz
      [POTENTIAL]
      type = stillinger-weber
      [DYNAMICS]
      temperature = 10
      steps = 1000
      [OUTPUT]
      directory = FOLDER/out
      prefix = si
      thermo_every = 2
      trajectory_every = 4
      """)
    var molecule = Structure(species: ["Si", "Si"], positions: [.zero, [2.8, 0, 0]])
    molecule.velocities = [.zero, .zero]
    try ExtendedXYZ.write([molecule], to: fixture.url("in.xyz"))
    #expect(fixture.message { try run(fixture) } == "1 of 1 runs failed: si_T10_r1")
    #expect(
      try fixture.names(in: "out") == ["si_T10_r1_failed.xyz", "si_T10_r1_failed_thermo.dat"])
    let rows = rows(try fixture.text("out/si_T10_r1_failed_thermo.dat"))
    #expect(rows.count > 2 && rows.map { $0[0] } == rows.indices.map { Double(2 * $0) })
    #expect(rows.allSatisfy { $0[2] <= 200 })
    let frames = try ExtendedXYZ.read(fixture.url("out/si_T10_r1_failed.xyz"))
    #expect(frames.count == (rows.count + 1) / 2 && frames[1].name == "si_T10_r1_4")
    // Nobody takes it for done.
    #expect(
      fixture.message { try run(fixture, "OUTPUT.skip_existing=True") }
        == "1 of 1 runs failed: si_T10_r1")
    try run(fixture, "DYNAMICS.temperature=1000", "DYNAMICS.steps=8")
    #expect(fixture.exists("out/si_T1000_r1.xyz") && !fixture.exists("out/si_T1000_r1_failed.xyz"))
  }

  @Test func constantEnergyAndBath() throws {
    let fixture = try fixture()
    let sets = [
      "STRUCTURE.repeat=2", "DYNAMICS.steps=200", "OUTPUT.thermo_every=1",
      "DYNAMICS.equilibration_steps=0",
    ]
    func energies(_ ensemble: String) throws -> [Double] {
      try run(fixture, sets[0], sets[1], sets[2], sets[3], "DYNAMICS.ensemble=\(ensemble)")
      return rows(try fixture.text("out/si_a5p43_T300_r1_thermo.dat")).map { $0[5] }
    }
    let (constant, bath) = (try energies("nve"), try energies("langevin"))
    #expect(constant.max()! - constant.min()! < 1e-3)
    #expect(bath.max()! - bath.min()! > 0.05)
  }

  @Test func meltedFromRandomPositions() throws {
    let fixture = try fixture()
    try run(
      fixture, "STRUCTURE.type=random", "STRUCTURE.repeat=2", "STRUCTURE.minimum_distance=2.1",
      "DYNAMICS.melt_temperature=3000", "DYNAMICS.melt_steps=100", "DYNAMICS.temperature=2500")
    let frames = try ExtendedXYZ.read(fixture.url("out/si_a5p43_T2500_r1.xyz"))
    #expect(frames[0].count == 64 && frames[0].cell.vectors.a.x == 10.86)
  }

  /// A run may begin with the end of another one, but not take its place.
  @Test func structuresAreNotReplacedByTheirRuns() throws {
    let fixture = try fixture(
      Self.ini.replacing(
        "type = diamond\nlattice_parameter = 5.43", with: "type = file\nfile = FOLDER/out/START"))
    let start = try StillingerWeber().labelled(
      StartingStructures.diamond("Si", latticeConstant: 5.5))
    for name in ["si_T300_r1.xyz", "si_T300_r1_stopped.xyz", "si_T300_r1_0000007.example"] {
      let text =
        try name.hasSuffix(".xyz") ? ExtendedXYZ.encode(start) : ExampleFile.encode(start)
      try fixture.write(text, to: "out/\(name)")
      let file = "STRUCTURE.file=FOLDER/out/\(name)"
      #expect(
        fixture.message { try run(fixture, file) }
          == "[STRUCTURE] file = out/\(name): would be lost to the run si_T300_r1, which has a file of"
          + " this name: expected another file, prefix or directory")
      #expect(try fixture.text("out/\(name)") == text)
      try run(fixture, file, "OUTPUT.prefix=on")
    }
  }

  @Test func structuresFromAFileKeepTheirVelocitiesAndMasses() throws {
    let fixture = try fixture(
      Self.ini.replacing(
        "type = diamond\nlattice_parameter = 5.43", with: "type = file\nfile = FOLDER/in.xyz"
      )
      .replacing("equilibration_steps = 20\n", with: ""))
    var start = try StartingStructures.diamond("Si", latticeConstant: 5.5)
    start.velocities = (0..<8).map { SIMD3(0.001 * Double($0) - 0.0035, 0, 0) }
    start.masses = (0..<8).map { 28 + Double($0) }
    try ExtendedXYZ.write([start], to: fixture.url("in.xyz"))
    try run(fixture)
    let kinetic = try rows(fixture.text("out/si_T300_r1_thermo.dat"))[0][3]
    let expected = Velocities.kineticEnergy(of: start.velocities!, masses: start.masses!)
    #expect(abs(kinetic - expected) < 1e-9)
    let frames = try ExtendedXYZ.read(fixture.url("out/si_T300_r1.xyz"))
    #expect(frames[0].velocities == start.velocities && frames[0].positions == start.positions)
    #expect(frames.allSatisfy { $0.masses == start.masses })
    start.cell = .none
    try ExtendedXYZ.write([start], to: fixture.url("in.xyz"))
    #expect(
      fixture.message { try run(fixture) }
        == "md.ini:16: [OUTPUT] rdf_every = 3: expected 0: the structure is not periodic in all"
        + " directions")
    try run(fixture, "OUTPUT.rdf_every=0")
    #expect(
      try fixture.text("out/si_T300_r1_thermo.dat").split(separator: "\n")[1].hasSuffix(" nan"))
    try ExtendedXYZ.write([], to: fixture.url("in.xyz"))
    #expect(
      fixture.message { try run(fixture) }
        == "md.ini:3: [STRUCTURE] file = in.xyz: expected a file with at least one structure")
  }

  @Test func structuresFromAFileAreRepeatedWhereTheyCanBe() throws {
    let fixture = try fixture(
      Self.ini.replacing(
        "type = diamond\nlattice_parameter = 5.43",
        with: "type = file\nfile = FOLDER/in.xyz\nrepeat = 2"
      )
      .replacing("equilibration_steps = 20\n", with: ""))
    var start = try StartingStructures.diamond("Si", latticeConstant: 5.5)
    start.velocities = (0..<8).map { SIMD3(0.001 * Double($0) - 0.0035, 0, 0) }
    start.masses = (0..<8).map { 28 + Double($0) }
    try ExtendedXYZ.write([start], to: fixture.url("in.xyz"))
    try run(fixture)
    let first = try ExtendedXYZ.read(fixture.url("out/si_T300_r1.xyz"))[0]
    #expect(first.count == 64 && first.velocities == (0..<8).flatMap { _ in start.velocities! })
    #expect(first.masses == (0..<8).flatMap { _ in start.masses! })
    start.cell = try Cell(vectors: Matrix3([5.5, 0, 0], [0, 5.5, 0], .zero))
    try ExtendedXYZ.write([start], to: fixture.url("in.xyz"))
    #expect(
      fixture.message { try run(fixture, "OUTPUT.rdf_every=0") }
        == "md.ini:4: [STRUCTURE] repeat = 2: expected 1, since the cell has no vector 3")
  }

  /// What nothing repeats along for the networks, it does not for their atoms.
  @Test func networksMayKnowMoleculesOnly() throws {
    let fixture = try fixture(
      Self.ini.replacing(
        "type = diamond\nlattice_parameter = 5.43", with: "type = file\nfile = FOLDER/in.xyz"
      )
      .replacing(
        "type = stillinger-weber", with: "type = network\nnetworks_folder = FOLDER/networks"))
    try fixture.write(
      GvectCalculatorTests.ini + "\n[PBC]\npbc1 = False\n", to: "gvect.ini")
    let settings = try fixture.descriptors("gvect.ini")
    try waterNetworks(describedBy: settings).write(to: fixture.url("networks"))
    var water = GvectCalculatorTests.water(1)
    try ExtendedXYZ.write([water], to: fixture.url("in.xyz"))
    #expect(water.cell.isPeriodic)
    #expect(
      fixture.message { try run(fixture) }
        == "md.ini:18: [OUTPUT] rdf_every = 3: expected 0: the structure is not periodic in all"
        + " directions")
    try run(fixture, "DYNAMICS.time_step=0.1", "OUTPUT.rdf_every=0")
    let first = try ExtendedXYZ.read(fixture.url("out/si_T300_r1.xyz"))[0]
    #expect(!first.cell.isPeriodic)
    (water.cell, water.positions) = (.none, first.positions)
    let expected = try NetworkPotential(waterNetworks(describedBy: settings)).evaluate(water)
    #expect(abs(first.energy! - expected.energy) < 1e-9)
  }

  @Test func trainedNetworksMoveAtomsToo() throws {
    let fixture = try fixture(
      Self.ini.replacing(
        "type = diamond\nlattice_parameter = 5.43", with: "type = file\nfile = FOLDER/in.xyz"
      )
      .replacing(
        "type = stillinger-weber",
        with: "type = network\nnetworks_folder = FOLDER/networks\ngvect_ini = FOLDER/gvect.ini"))
    try fixture.write(GvectCalculatorTests.ini, to: "gvect.ini")
    try waterNetworks(describedBy: nil).write(to: fixture.url("networks"))
    try ExtendedXYZ.write([GvectCalculatorTests.water(1)], to: fixture.url("in.xyz"))
    try run(fixture, "DYNAMICS.time_step=0.1", "OUTPUT.thermo_every=1")
    let totals = rows(try fixture.text("out/si_T300_r1_thermo.dat")).map { $0[5] }
    #expect(totals.count == 31 && totals.max()! - totals.min()! < 1e-4)
    let first = try ExtendedXYZ.read(fixture.url("out/si_T300_r1.xyz"))[0]
    let model = waterNetworks(
      describedBy: try fixture.descriptors("gvect.ini"))
    let expected = try NetworkPotential(model).evaluate(first)
    #expect(abs(first.energy! - expected.energy) < 1e-9)
    // Of other networks, or of the same that take other descriptors, are other runs.
    let old = try #require(MDRecord(in: fixture.url("out/si_T300_r1_thermo.dat")))
    func difference() throws -> String? {
      let now = try MDConfiguration(
        MD.options.parse(
          [
            "-c", fixture.path("md.ini"), "--set", "DYNAMICS.time_step=0.1", "--set",
            "OUTPUT.thermo_every=1",
          ]
        ).configuration())
      return try MDRecord(now, now.runs[0]).difference(from: old)
    }
    #expect(try difference() == nil)
    try fixture.write(
      GvectCalculatorTests.ini.replacing("eta_rad = ", with: "eta_rad = 1"), to: "gvect.ini")
    #expect(try difference() == "another potential")
    try fixture.write(GvectCalculatorTests.ini, to: "gvect.ini")
    var other = waterNetworks(describedBy: nil)
    var generator = PhiloxGenerator(seed: 6)
    other.networks[1].layers[1] = .init(random: 3, to: 1, activation: .linear, using: &generator)
    try other.write(to: fixture.url("networks"))
    #expect(try difference() == "another potential")
    #expect(
      fixture.message {
        try fixture.write(
          (try fixture.text("md.ini")).replacing("gvect_ini", with: "#"), to: "md.ini")
        try run(fixture)
      } == "networks: the networks do not say how their descriptors are made (gvect_params): name a"
        + " descriptor file with [POTENTIAL] gvect_ini")
  }

  @Test(.enabled(if: TestDevice.isPresent, TestDevice.absence))
  func dynamicsOnADevice() throws {
    let fixture = try fixture(
      Self.ini.replacing(
        "type = diamond\nlattice_parameter = 5.43", with: "type = file\nfile = FOLDER/in.xyz"
      )
      .replacing(
        "type = stillinger-weber",
        with: "type = network\nnetworks_folder = FOLDER/networks\ngvect_ini = FOLDER/gvect.ini"))
    try fixture.write(GvectCalculatorTests.ini, to: "gvect.ini")
    try waterNetworks(describedBy: nil).write(to: fixture.url("networks"))
    try ExtendedXYZ.write([GvectCalculatorTests.water(1)], to: fixture.url("in.xyz"))
    let device = TestDevice.device!.name.type == "GPU" ? "gpu" : "opencl"
    let frames = try ["cpu", device].map { device in
      try run(
        fixture, "DYNAMICS.time_step=0.1", "OUTPUT.thermo_every=1",
        "PARALLELIZATION.device=\(device)", "OUTPUT.directory=\(fixture.path(device))")
      return try ExtendedXYZ.read(fixture.url("\(device)/si_T300_r1.xyz"))
    }
    #expect(frames[0].count == frames[1].count && frames[0].count > 1)
    for (a, b) in zip(frames[0], frames[1]) {
      #expect(abs(a.energy! - b.energy!) < 1e-8)
      for (x, y) in zip(a.positions, b.positions) {
        #expect((0..<3).allSatisfy { abs(x[$0] - y[$0]) < 1e-8 })
      }
    }
  }

  @Test func explodingRunsEndAndOthersGoOn() throws {
    let fixture = try fixture()
    // Atoms in one place tear each other apart; at 6 angstrom they do not touch.
    let close = try fixture.text("md.ini").replacing("steps = 30", with: "steps = 3")
    try fixture.write(close, to: "md.ini")
    let error = #expect(throws: WorkError.self) {
      try run(fixture, "STRUCTURE.lattice_parameter=1.5, 5.43", "OUTPUT.example_every=0")
    }
    #expect(error?.message == "1 of 2 runs failed: si_a1p5_T300_r1")
    // Nothing half done is left.
    #expect(
      try fixture.names(in: "out")
        == ["", "_rdf.dat", "_thermo.dat"].map {
          "si_a5p43_T300_r1\($0.isEmpty ? ".xyz" : $0)"
        })
  }

  @Test(arguments: [
    (
      "STRUCTURE.type=fcc",
      "md.ini with --set: [STRUCTURE] type = fcc: expected one of diamond, random, file"
    ),
    (
      "STRUCTURE.element=Xx",
      "md.ini with --set: [STRUCTURE] element = Xx: expected the symbol of an element"
    ),
    (
      "STRUCTURE.lattice_parameter=5.4, 5.40",
      "md.ini with --set: [STRUCTURE] lattice_parameter = 5.4, 5.40: expected different numbers"
    ),
    (
      "STRUCTURE.lattice_parameter=5.4, 0",
      "md.ini with --set: [STRUCTURE] lattice_parameter = 5.4, 0: expected numbers above 0 separated by \",\""
    ),
    (
      "STRUCTURE.minimum_distance=2",
      "md.ini with --set: [STRUCTURE] minimum_distance = 2: expected no such key with type = diamond"
    ),
    (
      "POTENTIAL.type=lennard-jones",
      "md.ini with --set: [POTENTIAL] type = lennard-jones: expected one of stillinger-weber, network"
    ),
    (
      "POTENTIAL.gvect_ini=g.ini",
      "md.ini with --set: [POTENTIAL] gvect_ini = g.ini: expected no such key with type = stillinger-weber"
    ),
    (
      "DYNAMICS.temperature=0",
      "md.ini with --set: [DYNAMICS] temperature = 0: expected numbers above 0 separated by \",\""
    ),
    (
      "DYNAMICS.temperature=300, 300.0",
      "md.ini with --set: [DYNAMICS] temperature = 300, 300.0: expected different numbers"
    ),
    (
      "DYNAMICS.melt_steps=10",
      "md.ini:6: [DYNAMICS] melt_temperature is missing: expected a number above 0.0"
    ),
    (
      "DYNAMICS.ensemble=npt",
      "md.ini with --set: [DYNAMICS] ensemble = npt: expected one of nve, langevin"
    ),
    (
      "DYNAMICS.steps=-1",
      "md.ini with --set: [DYNAMICS] steps = -1: expected a whole number from 0 to 1000000000000"
    ),
    (
      "OUTPUT.prefix=a/b",
      "md.ini with --set: [OUTPUT] prefix = a/b: expected a name without / and .; the folder is directory"
    ),
    (
      "OUTPUT.prefix=a.b",
      "md.ini with --set: [OUTPUT] prefix = a.b: expected a name without / and .; the folder is directory"
    ),
    (
      "OUTPUT.thermo_evry=5",
      "md.ini with --set: [OUTPUT] thermo_evry is an unknown key; did you mean thermo_every? Allowed: directory, example_every, prefix, rdf_bins, rdf_every, rdf_maximum, skip_existing, thermo_every, trajectory_every"
    ),
  ]) func wrongConfigurations(set: String, message: String) throws {
    let fixture = try fixture()
    #expect(fixture.message { try run(fixture, set) } == message)
    #expect(!fixture.exists("out"))
  }

  @Test func speciesThatThePotentialDoesNotKnow() throws {
    let fixture = try fixture()
    #expect(
      fixture.message { try run(fixture, "STRUCTURE.element=Ge") }
        == "1 of 1 runs failed: si_a5p43_T300_r1")
    #expect(try fixture.names(in: "out").isEmpty)
  }
}
