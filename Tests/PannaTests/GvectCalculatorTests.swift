import Atomistics
import Foundation
import ProgramSupport
import TestSupport
import Testing

@testable import panna

@Suite struct GvectCalculatorTests {
  static let ini = """
    [IO_INFORMATION]
    input_json_dir = FOLDER/examples
    output_gvect_dir = FOLDER/bin
    log_dir = FOLDER/log
    [SYMMETRY_FUNCTION]
    type = mBP
    species = H, O
    [PARALLELIZATION]
    number_of_process = 1
    [GVECT_PARAMETERS]
    eta_rad = 4
    Rc_rad = 4.5
    Rs0_rad = 0.5
    RsN_rad = 4
    eta_ang = 2
    Rc_ang = 3.1
    Rs0_ang = 0.5
    RsN_ang = 2
    zeta = 8
    ThetasN = 4
    """

  /// Water in a box, the molecule shifted along it.
  static func water(_ index: Int, forces: Bool = true, box: Double = 5) -> Structure {
    let shift = SIMD3(0.3 * Double(index), 0.1, 0)
    var structure = Structure(
      species: ["O", "H", "H"],
      positions: [[0, 0, 0.1], [0.76, 0.01 * Double(index), 0.6], [-0.76, 0, 0.6]].map {
        $0 + shift
      }, cell: Cell(cubic: box), energy: -14.5 - Double(index))
    if forces { structure.forces = [[0.1, 0.2, -0.3], [-0.1, 0, 0.1], [0, -0.2, 0.2]] }
    return structure
  }

  private func fixture(_ count: Int = 3, ini: String = ini) throws -> ProgramFixture {
    let fixture = try ProgramFixture()
    try fixture.write(ini, to: "gvect.ini")
    try fixture.write("no example", to: "examples/notes.txt")
    for index in 1...count {
      try ExampleFile.write(Self.water(index), to: fixture.url("examples/w\(index).example"))
    }
    return fixture
  }

  private func run(_ fixture: ProgramFixture, _ sets: String...) throws {
    let arguments =
      ["--config", fixture.path("gvect.ini")]
      + sets.flatMap { ["--set", $0.replacing("FOLDER", with: fixture.folder.path)] }
    try GvectCalculator.run(GvectCalculator.options.parse(arguments))
  }

  @Test func valuesAreThoseOfTheLibrary() throws {
    let fixture = try fixture()
    try run(fixture)
    #expect(try fixture.names(in: "bin") == ["gvect_params.json", "w1.bin", "w2.bin", "w3.bin"])
    #expect(try fixture.text("log/gvect_already_computed.dat") == "w1,w2,w3,")
    let parameters = try fixture.descriptors("gvect.ini")
    #expect(parameters.size == 2 * 4 + 3 * 2 * 4)
    let descriptors = try AtomicDescriptors(parameters)
    for index in 1...3 {
      let file = try DescriptorFile.read(fixture.url("bin/w\(index).bin"))
      var expected = try descriptors.describe(Self.water(index))
      expected.name = "w\(index)"
      #expect(file == expected && file.derivatives == nil && file.forces == nil)
      #expect(file.descriptors.contains { $0 > 0.01 })
    }
  }

  @Test(arguments: [("False", UInt16(3)), ("True", UInt16(11))])
  func derivatives(sparse: String, flags: UInt16) throws {
    let fixture = try fixture(1)
    try run(
      fixture, "SYMMETRY_FUNCTION.include_derivatives=True",
      "SYMMETRY_FUNCTION.sparse_derivatives=\(sparse)")
    let bytes = try fixture.bytes("bin/w1.bin")
    #expect(UInt16(bytes[4]) | UInt16(bytes[5]) << 8 == flags)
    let file = try DescriptorFile.read(fixture.url("bin/w1.bin"))
    #expect(file.derivatives != nil && file.forces == [0.1, 0.2, -0.3, -0.1, 0, 0.1, 0, -0.2, 0.2])
  }

  @Test(.timeLimit(.minutes(10)), arguments: [2, 3, 4])
  func filesDoNotDependOnThreads(threads: Int) throws {
    let (one, many) = (try fixture(40), try fixture(40))
    try run(one, "SYMMETRY_FUNCTION.include_derivatives=True")
    try run(
      many, "SYMMETRY_FUNCTION.include_derivatives=True",
      "PARALLELIZATION.number_of_process=\(threads)")
    for name in try one.names(in: "bin") {
      #expect(try one.bytes("bin/\(name)") == many.bytes("bin/\(name)"))
    }
    let log = "log/gvect_already_computed.dat"
    #expect(try one.text(log) == many.text(log))
  }

  @Test func computedKeysAreSkipped() throws {
    let fixture = try fixture()
    // The last key was cut off.
    try fixture.write("w2,old,w", to: "log/gvect_already_computed.dat")
    try fixture.write("kept", to: "bin/w2.bin")
    try run(fixture)
    let record = "gvect_params.json"
    #expect(try fixture.names(in: "bin") == [record, "w1.bin", "w2.bin", "w3.bin"])
    #expect(try fixture.text("log/gvect_already_computed.dat") == "w2,old,w1,w3,")
    #expect(try fixture.text("bin/w2.bin") == "kept")
    // A structure in the list is computed all the same where its file is gone, or was another folder's.
    try FileManager.default.removeItem(at: fixture.url("bin/w2.bin"))
    try run(fixture)
    #expect(try DescriptorFile.read(fixture.url("bin/w2.bin")).name == "w2")
    try run(fixture, "IO_INFORMATION.output_gvect_dir=FOLDER/other")
    #expect(try fixture.names(in: "other") == [record, "w1.bin", "w2.bin", "w3.bin"])
    #expect(try fixture.text("log/gvect_already_computed.dat") == "w2,old,w1,w3,")
  }

  @Test func keysWithCommasAreKnownAgain() throws {
    let fixture = try fixture(1)
    let keys = ["a,b", "50%", "a%2Cb"]
    for key in keys {
      try ExampleFile.write(Self.water(1), to: fixture.url("examples/\(key).example"))
    }
    try run(fixture)
    #expect(try ComputedKeys(folder: fixture.url("log")).keys == Set(keys + ["w1"]))
    for key in keys { try fixture.write("kept", to: "bin/\(key).bin") }
    try run(fixture)
    for key in keys { #expect(try fixture.text("bin/\(key).bin") == "kept") }
    // A key that was written as it is.
    try fixture.write("50%,w1,", to: "log/gvect_already_computed.dat")
    #expect(try ComputedKeys(folder: fixture.url("log")).keys == ["50%", "w1"])
  }

  @Test func changedStructuresAreComputedAgain() throws {
    let fixture = try fixture()
    try run(fixture)
    let (first, other) = (try fixture.bytes("bin/w1.bin"), try fixture.bytes("bin/w2.bin"))
    try ExampleFile.write(Self.water(7), to: fixture.url("examples/w1.example"))
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: 60)],
      ofItemAtPath: fixture.path("examples/w1.example"))
    try run(fixture)
    #expect(try fixture.bytes("bin/w1.bin") != first)
    #expect(try fixture.bytes("bin/w2.bin") == other)
    #expect(try fixture.text("log/gvect_already_computed.dat") == "w1,w2,w3,")
  }

  /// Who reads the descriptors takes all that lie there.
  @Test func descriptorsOfNoExampleAreToldOf() throws {
    let fixture = try fixture()
    try run(fixture)
    func remark() throws -> String? {
      let configuration = try GvectCalculatorConfiguration(
        IniFile(path: fixture.path("gvect.ini")), folder: nil)
      return try GvectCalculator.remarkOnOthers(
        DescriptorWork.files(in: fixture.url("examples")), configuration)
    }
    #expect(try remark() == nil)
    for name in ["w1", "w3"] {
      try FileManager.default.removeItem(at: fixture.url("examples/\(name).example"))
    }
    #expect(
      try remark()?.replacing(fixture.folder.path + "/", with: "")
        == "2 *.bin files in bin, such as w1.bin, are of no example in examples, but will be read like the others"
    )
  }

  /// Descriptors of two kinds never lie side by side.
  @Test(arguments: [
    ("GVECT_PARAMETERS.epsilon=0.001", "epsilon = 0.01, now it is 0.001"),
    ("GVECT_PARAMETERS.eta_rad=8", "eta_rad = 4.0, now it is 8.0"),
    ("GVECT_PARAMETERS.gvect_parameters_unit=bohr", "Rc_rad = 4.5, now it is 2.3812973"),
    ("SYMMETRY_FUNCTION.species=O, H", "species = H, O, now it is O, H"),
    ("SYMMETRY_FUNCTION.type=BP", "type = mBP, now it is BP"),
    ("SYMMETRY_FUNCTION.include_derivatives=True", "derivatives = none, now it is dense"),
    ("PBC.pbc1=True", "pbc = True, True, True, now it is True, False, False"),
    ("MISC.per_atom_energy=True", "per_atom_energy = False, now it is True"),
  ])
  func anotherConfigurationIsRefused(set: String, difference: String) throws {
    let fixture = try fixture(1)
    try run(fixture)
    let (bin, log) = (try fixture.bytes("bin/w1.bin"), "log/gvect_already_computed.dat")
    try ExampleFile.write(Self.water(2), to: fixture.url("examples/w2.example"))
    let message = fixture.message { try run(fixture, set) }
    let start = "bin/gvect_params.json: the *.bin files here were computed with "
    #expect(message.hasPrefix(start + difference), "\(message)")
    #expect(message.hasSuffix("; remove them all, or name another folder"))
    #expect(
      try fixture.names(in: "bin") == ["gvect_params.json", "w1.bin"]
        && fixture.bytes("bin/w1.bin") == bin)
    #expect(try fixture.text(log) == "w1,")
    // As it was, it goes on; a folder without a record, such as the original's, is taken over.
    try FileManager.default.removeItem(at: fixture.url("bin/gvect_params.json"))
    try run(fixture)
    #expect(try fixture.text(log) == "w1,w2,")
    #expect(try fixture.names(in: "bin") == ["gvect_params.json", "w1.bin", "w2.bin"])
    // Without descriptors there is nothing to mix with.
    for name in ["w1.bin", "w2.bin"] {
      try FileManager.default.removeItem(at: fixture.url("bin/\(name)"))
    }
    for index in 1...2 {
      var water = Self.water(index)
      water.perAtomQuantity = [-13, -1, -1.5]
      try ExampleFile.write(water, to: fixture.url("examples/w\(index).example"))
    }
    try run(fixture, set)
    #expect(try fixture.names(in: "bin") == ["gvect_params.json", "w1.bin", "w2.bin"])
  }

  @Test func folderInfoReplacesFolders() throws {
    let fixture = try fixture(1)
    try FileManager.default.moveItem(at: fixture.url("examples"), to: fixture.url("x"))
    try FileManager.default.createDirectory(
      at: fixture.url("data"), withIntermediateDirectories: true)
    try FileManager.default.moveItem(at: fixture.url("x"), to: fixture.url("data/examples"))
    try fixture.run(
      GvectCalculator.self, "-c", fixture.path("gvect.ini"), "-f", fixture.path("data"))
    #expect(
      try fixture.names(in: "data")
        == ["bin", "examples", "gvect_already_computed.dat"])
    #expect(try fixture.names(in: "data/bin") == ["gvect_params.json", "w1.bin"])
  }

  /// In a box of 2 angstrom molecules see their images; switched off, they are alone.
  @Test(arguments: ["False", "True"]) func periodicityIsSwitchedOff(derivatives: String) throws {
    let fixture = try fixture(1)
    try ExampleFile.write(Self.water(1, box: 2), to: fixture.url("examples/w1.example"))
    func values(_ sets: String...) throws -> [Float] {
      for folder in ["log", "bin"] { try? FileManager.default.removeItem(at: fixture.url(folder)) }
      let arguments =
        ["-c", fixture.path("gvect.ini")]
        + (sets + ["SYMMETRY_FUNCTION.include_derivatives=\(derivatives)"]).flatMap {
          ["--set", $0]
        }
      try GvectCalculator.run(GvectCalculator.options.parse(arguments))
      return try DescriptorFile.read(fixture.url("bin/w1.bin")).descriptors
    }
    var alone = Self.water(1)
    alone.cell = .none
    let parameters = try fixture.descriptors("gvect.ini")
    let expected = try AtomicDescriptors(parameters).describe(alone).descriptors
    let (periodic, slab) = (try values(), try values("PBC.pbc1=True"))
    let molecule = try values("PBC.pbc2=False")
    #expect(zip(molecule, expected).allSatisfy { abs($0 - $1) < 1e-6 })
    #expect(periodic.reduce(0, +) > slab.reduce(0, +) && slab.reduce(0, +) > molecule.reduce(0, +))
  }

  @Test func energiesOfAtomsOnRequest() throws {
    let fixture = try fixture(1)
    #expect(
      fixture.message { try run(fixture, "MISC.per_atom_energy=True") }
        == "examples/w1.example: per_atom_energy: found no such key; allowed: one number for each"
        + " atom, which per_atom_energy asks for")
    var water = Self.water(1)
    water.perAtomQuantity = [-13, -1, -1.5]
    try ExampleFile.write(water, to: fixture.url("examples/w1.example"))
    try run(fixture)
    #expect(try DescriptorFile.read(fixture.url("bin/w1.bin")).perAtomQuantity == nil)
    for folder in ["log", "bin"] { try FileManager.default.removeItem(at: fixture.url(folder)) }
    try run(fixture, "MISC.per_atom_energy=True")
    #expect(try DescriptorFile.read(fixture.url("bin/w1.bin")).perAtomQuantity == [-13, -1, -1.5])
  }

  @Test func badFileStops() throws {
    let fixture = try fixture(2)
    try fixture.write("{\n\"energy\": [1, \"cal\"]}", to: "examples/w3.example")
    #expect(
      fixture.message { try run(fixture) }
        == "examples/w3.example:2: energy: found \"cal\"; allowed: eV, ev, EV, Ry, Ryd, ryd, ry, RY, Ha"
    )
    // What was done before is not lost.
    #expect(try fixture.text("log/gvect_already_computed.dat") == "w1,w2,")
    #expect(try fixture.names(in: "bin") == ["gvect_params.json", "w1.bin", "w2.bin"])
  }

  @Test func missingForcesAreNamed() throws {
    let fixture = try fixture(1)
    try ExampleFile.write(
      Self.water(1, forces: false), to: fixture.url("examples/w1.example"))
    #expect(
      fixture.message { try run(fixture, "SYMMETRY_FUNCTION.include_derivatives=yes") }
        == "examples/w1.example: atoms: found no forces; allowed: forces, which include_derivatives"
        + " asks for")
  }

  @Test func folderWithoutExamples() throws {
    let fixture = try fixture(1)
    try FileManager.default.removeItem(at: fixture.url("examples/w1.example"))
    #expect(
      fixture.message { try run(fixture) }
        == "examples: there is no *.example file among its 1 files")
    try ExampleFile.write(Self.water(1), to: fixture.url("examples/a.1.example"))
    try ExampleFile.write(Self.water(2), to: fixture.url("examples/a.2.example"))
    #expect(
      fixture.message { try run(fixture) }
        == "examples/a.1.example and a.2.example: have the same key a, the name up to the first dot"
    )
  }

  @Test(arguments: [
    (
      "PBC.use_pbc=True, False",
      "gvect.ini with --set: [PBC] use_pbc = True, False: expected three truth values"
    ),
    (
      "SYMMETRY_FUNCTION.type=SB",
      "gvect.ini with --set: [SYMMETRY_FUNCTION] type = SB: expected one of mBP, BP"
    ),
    (
      "GVECT_PARAMETERS.Rsst_ang=0.65",
      "gvect.ini with --set: [GVECT_PARAMETERS] Rsst_ang = 0.65: expected 1.3 = (Rc_ang - Rs0_ang)"
        + " / RsN_ang, or no such key"
    ),
    (
      "GVECT_PARAMETERS.Rc_rad=-1",
      "gvect.ini with --set: [GVECT_PARAMETERS] Rc_rad = -1: expected positive numbers"
    ),
    (
      "GVECT_PARAMETERS.RsN_rad=0",
      "gvect.ini with --set: [GVECT_PARAMETERS] RsN_rad = 0: expected a whole number from 1 to 10000"
    ),
    (
      "GVECT_PARAMETERS.eta_rad=4, 9",
      "gvect.ini with --set: [GVECT_PARAMETERS] eta_rad = 4, 9: expected 4 numbers of at least 0"
    ),
    (
      "SYMMETRY_FUNCTION.species=H, H",
      "gvect.ini with --set: [SYMMETRY_FUNCTION] species = H, H: expected at least one species, none"
        + " twice"
    ),
    (
      "SYMMETRY_FUNCTION.species=H, N",
      "examples/w1.example: species of atom 1 of w1: found \"O\"; allowed: H, N"
    ),
    (
      "MISC.long_range=True",
      "gvect.ini with --set: [MISC] long_range = True: expected False: electrostatics are not"
        + " computed"
    ),
    (
      "GVECT_PARAMETERS.eta_radd=4",
      "gvect.ini with --set: [GVECT_PARAMETERS] eta_radd is an unknown key; did you mean eta_rad? Allowed:"
        + " Rc_ang, Rc_rad, Rs0_ang, Rs0_rad, RsN_ang, RsN_rad, Rs_ang_list, Rs_rad_list, Rsst_ang, Rsst_rad,"
        + " ThetasN, Thetas_list, cut_third_distance, epsilon, eta_ang, eta_rad,"
        + " gvect_parameters_unit, zeta"
    ),
  ]) func wrongConfigurations(set: String, message: String) throws {
    let fixture = try fixture(1)
    #expect(fixture.message { try run(fixture, set) } == message)
    #expect(!fixture.exists("bin/w1.bin"))
  }

  @Test func missingPartsAreNamedWithTheirLine() throws {
    let fixture = try ProgramFixture()
    func message(_ old: String, _ new: String) throws -> String {
      try fixture.write(Self.ini.replacing(old, with: new), to: "gvect.ini")
      return fixture.message { try run(fixture) }
    }
    #expect(
      try message("zeta = 8\n", "")
        == "gvect.ini:10: [GVECT_PARAMETERS] zeta is missing: expected a list separated by"
        + " \",\"")
    #expect(
      try message("zeta = 8", "zeta = many")
        == "gvect.ini:19: [GVECT_PARAMETERS] zeta = many: expected numbers separated by \",\"")
    #expect(
      try message("[PARALLELIZATION]\nnumber_of_process = 1\n", "")
        == "gvect.ini: section [PARALLELIZATION] is missing; found: [IO_INFORMATION]"
        + " [SYMMETRY_FUNCTION] [GVECT_PARAMETERS]")
  }

  @Test func unitsAndSteps() throws {
    let fixture = try ProgramFixture()
    try fixture.write(
      Self.ini + "\ngvect_parameters_unit = bohr\nepsilon = 0\nRsst_rad = 1.0\nRsst_ang = 1.3",
      to: "gvect.ini")
    let settings = try fixture.descriptors("gvect.ini")
    guard case .modified(let parameters) = settings else {
      Issue.record("expected mBP")
      return
    }
    #expect(abs(parameters.radialCutoff - 4.5 * Units.bohr) < 1e-12)
    #expect(abs(parameters.radialEta - 4 / (Units.bohr * Units.bohr)) < 1e-12)
    #expect(parameters.epsilon == 0 && parameters.zeta == 8)
  }

  /// A structure that is described on all threads has the same bytes.
  @Test func largeStructuresAreCutUp() throws {
    let fixture = try ProgramFixture()
    try fixture.write(
      Self.ini.replacing("species = H, O", with: "species = Si").replacing("4.5", with: "3"),
      to: "gvect.ini")
    try FileManager.default.createDirectory(
      at: fixture.url("examples"), withIntermediateDirectories: true)
    var structure = try StartingStructures.diamond("Si", latticeConstant: 5.43, cells: [8, 8, 8])
    structure.energy = -4
    try ExampleFile.write(structure, to: fixture.url("examples/large.example"))
    #expect(try fixture.bytes("examples/large.example").count > 200_000)
    var files: [Data] = []
    for threads in [1, 3] {
      try run(
        fixture, "PARALLELIZATION.number_of_process=\(threads)",
        "IO_INFORMATION.output_gvect_dir=FOLDER/bin\(threads)",
        "IO_INFORMATION.log_dir=FOLDER/log\(threads)")
      files.append(try fixture.bytes("bin\(threads)/large.bin"))
    }
    #expect(files[0] == files[1] && files[0].count > 4 * 4096 * 12)
  }

  /// Lists of centres, in the file's unit and in degrees, in place of a first centre and a step.
  @Test func listsOfCentres() throws {
    let fixture = try ProgramFixture()
    func settings(_ text: String, _ changes: String...) throws -> DescriptorSettings {
      let file = try IniFile(
        text: text, path: "gvect.ini", overrides: changes.map { "GVECT_PARAMETERS.\($0)" })
      return try DescriptorConfiguration(file).settings
    }
    let listIni = Self.ini.replacing("Rs0_rad = 0.5\n", with: "")
    guard case .modified(let plain) = try settings(Self.ini),
      case .modified(let listed) = try settings(
        listIni, "gvect_parameters_unit=bohr", "Rs_rad_list=1, 2.5", "RsN_rad=2",
        "Thetas_list=45, 90, 170", "ThetasN=3", "zeta=8, 9, 10")
    else {
      Issue.record("expected mBP")
      return
    }
    #expect(plain.lists == DescriptorLists())
    #expect(listed.radialCentres == [Units.bohr, 2.5 * Units.bohr])
    #expect(listed.zetas == [8, 9, 10] && abs(listed.angles[2] - 170 * .pi / 180) < 1e-15)
    #expect(
      fixture.message { _ = try settings(listIni, "Rs_rad_list=1, 2.5", "RsN_rad=3") }
        == "gvect.ini with --set: [GVECT_PARAMETERS] RsN_rad = 3: expected 2, as many as the list has,"
        + " or no such key")
    #expect(
      fixture.message { _ = try settings(Self.ini, "zeta=8, 9, 10, 11, 12, 13, 14") }
        .contains("[GVECT_PARAMETERS] zeta = 8, 9, 10, 11, 12, 13, 14: expected"))
    #expect(
      fixture.message { _ = try settings(Self.ini, "Rs_rad_list=1, 2.5", "RsN_rad=2") }
        == "gvect.ini:13: [GVECT_PARAMETERS] Rs0_rad = 0.5: expected no such key beside Rs_rad_list"
    )
    #expect(
      fixture.message { _ = try settings(Self.ini, "Rs_ang_list=1, 2", "RsN_ang=2") }
        == "gvect.ini:17: [GVECT_PARAMETERS] Rs0_ang = 0.5: expected no such key beside Rs_ang_list"
    )
    #expect(
      fixture.message {
        _ = try settings(listIni, "Rs_rad_list=1, 2.5", "RsN_rad=2", "Rsst_rad=1.5")
      }
        == "gvect.ini with --set: [GVECT_PARAMETERS] Rsst_rad = 1.5: expected no such key beside"
        + " Rs_rad_list")
  }

  /// The original's files: the same headers, numbers to 1e-6.
  @Test(
    .enabled(if: Golden.isPresent, "reference data absent"),
    arguments: [
      ("mbp_mol", "tests/gvector_calculator/examples"),
      ("mbp_mol_sparse", "tests/gvector_calculator/examples"),
      ("mbp_bohr_pbc_deriv", "golden/ex_pbc"), ("bp_mol", "tests/gvector_calculator/examples"),
    ]) func original(name: String, examples: String) throws
  {
    let fixture = try ProgramFixture()
    try fixture.run(
      GvectCalculator.self, "-c", Golden.url("panna/golden/\(name).ini").path,
      "--set", "IO_INFORMATION.input_json_dir=\(Golden.url("panna/\(examples)").path)",
      "--set", "IO_INFORMATION.output_gvect_dir=\(fixture.path("bin"))",
      "--set", "IO_INFORMATION.log_dir=\(fixture.path("log"))",
      "--set", "PARALLELIZATION.number_of_process=2")
    let files = try fixture.names(in: "bin").filter { $0.hasSuffix(".bin") }
    #expect(files.count == (name == "mbp_bohr_pbc_deriv" ? 5 : 3))
    for file in files {
      let golden = Golden.url("panna/golden/\(name)/\(file)")
      let expected = try Data(contentsOf: golden)
      #expect(try fixture.bytes("bin/\(file)").prefix(14) == expected.prefix(14))
      let (made, reference) = try (
        DescriptorFile.read(fixture.url("bin/\(file)")), DescriptorFile.read(golden)
      )
      #expect(made.species == reference.species)
      #expect(near(made.descriptors, reference.descriptors))
      #expect((made.derivatives == nil) == (reference.derivatives == nil))
      guard let blocks = made.derivatives, let others = reference.derivatives else { continue }
      let g = made.descriptorSize
      #expect(near(blocks.dense(descriptorSize: g), others.dense(descriptorSize: g)))
    }
  }

  private func near(_ a: [Float], _ b: [Float]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < 1e-6 }
  }
}
