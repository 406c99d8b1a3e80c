import Atomistics
import Foundation
import ProgramSupport
import TestSupport
import Testing

@testable import panna

/// What parsers say of files that give no examples; of such files nothing is left.
@Suite(.timeLimit(.minutes(20))) struct ParserBadInputTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let program: any ParserProgram.Type
    let file: String
    /// What is exchanged in a file that could be read.
    let old: String
    let new: String
    let reason: String
    var options: [String] = []

    var testDescription: String { "\(program.name): \(reason)" }

    init(
      _ program: any ParserProgram.Type, _ file: String, _ old: String, _ new: String,
      _ reason: String, options: String...
    ) {
      (self.program, self.file, self.old, self.new) = (program, file, old, new)
      (self.reason, self.options) = (reason, options)
    }
  }

  static let espresso = [
    Case(
      QEParser.self, "q.xml", "etot", "ehart",
      "q.xml: etot: found none (calculation = scf); allowed: a total energy"),
    Case(
      QEParser.self, "q.xml", "-1.5E+001", "NaN", "q.xml: etot: found \"NaN\"; allowed: a number"),
    Case(
      QEParser.self, "q.xml", "-1.5E+001", "0.0",
      "q.xml: etot: found 0 (calculation = scf); allowed: a total energy"),
    Case(
      QEParser.self, "q.xml", "Hartree atomic", "Rydberg atomic",
      "q.xml: Units: found Rydberg atomic units; allowed: Hartree atomic units"),
    Case(
      QEParser.self, "q.xml", "nat=\"2\"", "nat=\"3\"",
      "q.xml: atoms: found 2; allowed: 3, as nat says"),
    Case(
      QEParser.self, "q.xml", "0 0 -0.5", "", "q.xml: forces: found \"0 0 0.5\"; allowed: 6 numbers"
    ),
    Case(
      QEParser.self, "q.xml", "<a3>0 0 9</a3>", "",
      "q.xml: cell: found no a3; allowed: a1, a2 and a3"),
    Case(
      QEParser.self, "q.xml", "name=\"O\"", "", "q.xml: atom 1: found no name; allowed: a name"),
    Case(
      QEParser.self, "q.xml", "achieved>true", "achieved>false",
      "self-consistency: found not reached in any of 1 ionic steps; allowed: reached in one, or"
        + " --allow-unconverged"),
    Case(
      QEParser.self, "q.xml", "</output></qes:espresso>", "",
      "q.xml:9: found XML that ends too early; allowed: a whole XML file"),
  ]

  static let vasp = [
    Case(
      VaspParser.self, "vasprun.xml", "e_wo_entrp", "e",
      "vasprun.xml: e_wo_entrp: found none; allowed: an energy of the last electronic step"
    ),
    Case(
      VaspParser.self, "vasprun.xml", "-2 <", "NaN <",
      "vasprun.xml: i: found \"NaN\"; allowed: a number"),
    Case(
      VaspParser.self, "vasprun.xml", "<rc><c>Cl</c><c>2</c></rc>", "",
      "vasprun.xml: positions: found 2 of 1 atoms; allowed: one for each atom"),
    Case(
      VaspParser.self, "vasprun.xml", "<v>0 0 4</v>", "",
      "vasprun.xml: basis: found 2 rows; allowed: 3 rows"),
    Case(
      VaspParser.self, "vasprun.xml", "</calculation></modeling>", "",
      "vasprun.xml:6: found XML that ends too early; allowed: a whole XML file"),
    Case(
      VaspParser.self, "vasprun.xml", "", "",
      "ionic steps: found 1; allowed: more than --offset 1", options: "--offset", "1"),
    Case(
      VaspParser.self, "OUTCAR", "energy  without entropy=      -8.0", "",
      "OUTCAR: TOTAL-FORCE: found no ionic step with forces and energy; allowed: at least one"),
    Case(
      VaspParser.self, "OUTCAR", "=      -8.0", "=      NaN",
      "OUTCAR:10: without entropy: found \"NaN\"; allowed: a number"),
    Case(
      VaspParser.self, "OUTCAR", "0.0 0.0 1.0 0.1 0.0 -0.1", "0.0 0.0 1.0 0.1",
      "OUTCAR:9: TOTAL-FORCE: found \" 0.0 0.0 1.0 0.1\"; allowed: 6 numbers"),
    Case(
      VaspParser.self, "OUTCAR", "VRHFIN =H: ", "",
      "OUTCAR:7: TOTAL-FORCE: found forces before species and cell; allowed: VRHFIN or POTCAR:, ions per type"
        + " and direct lattice vectors before them"),
    Case(
      VaspParser.self, "OUTCAR", "per type =               1", "per type =               x",
      "OUTCAR:2: ions per type: found x; allowed: whole numbers"),
  ]

  static let extendedXYZ = [
    Case(
      EXYZParser.self, "a.xyz", " energy=-2", "",
      "energy of a: found none; allowed: an energy"),
    Case(
      EXYZParser.self, "a.xyz", "energy=-2", "energy=nan",
      "a.xyz:2: energy: found \"nan\"; allowed: a number"),
    Case(
      EXYZParser.self, "a.xyz", "energy=-2", "energy=-2 energy-unit=cal",
      "a.xyz:2: energy-unit: found cal; allowed: eV, hartree, rydberg"),
    Case(
      EXYZParser.self, "a.xyz", "O 1 1 1 0 0 -1\n", "",
      "a.xyz:3: atoms: found 1 atoms; allowed: 2 atoms"),
    Case(
      EXYZParser.self, "a.xyz", "O 1 1 1 0 0 -1", "O 1 1 1 0 0",
      "a.xyz:4: atom 2: found 6 columns; allowed: 7 columns"),
    Case(
      EXYZParser.self, "a.xyz", "1 1 1 0 0 -1", "1 1 x 0 0 -1",
      "a.xyz:4: pos: found \"x\"; allowed: a number"),
    Case(
      EXYZParser.self, "a.xyz", "5 0 0 0 5 0 0 0 5", "5 0 0 0 5 0 0 0",
      "a.xyz:2: Lattice: found \"5 0 0 0 5 0 0 0\"; allowed: 9 numbers"),
    Case(
      EXYZParser.self, "a.xyz", "species:S:1", "Z:I:1",
      "a.xyz:3: Z: found \"Si\"; allowed: 1 to 118"),
    Case(
      EXYZParser.self, "a.xyz", "", "",
      "a.xyz:2: Properties: found species, pos, forces; allowed: a column dft_force",
      options: "--force-key", "dft_force"),
    Case(
      EXYZParser.self, "a.xyz", "2\nLattice", "two\nLattice",
      "a.xyz:1: number of atoms: found \"two\"; allowed: one whole number"),
  ]

  static let lammps = [
    Case(
      LammpsParser.self, "a.dump", "0 4\n", "0 x\n",
      "a.dump:6: BOX BOUNDS: found \"0 x\"; allowed: 2 numbers"),
    Case(
      LammpsParser.self, "a.dump", "2 1 0.5 0.5 0.5\n", "",
      "a.dump:10: ATOMS: found too few columns; allowed: id type xs ys zs"),
    Case(
      LammpsParser.self, "a.dump", "2 1 0.5", "2 3 0.5",
      "a.dump:11: type: found \"3\"; allowed: 1 to 2, those that --types names"),
    Case(
      LammpsParser.self, "a.dump", "TIMESTEP\n10", "TIMESTEP\n11",
      "a.dump: TIMESTEP: found 1 frames; allowed: steps whose energies log.lammps has"),
    Case(
      LammpsParser.self, "a.dump", "ITEM: TIMESTEP", "ITEM: UNITS\nreal\nITEM: TIMESTEP",
      "a.dump:2: UNITS: found real; allowed: metal, as the log or --units says"),
    Case(
      LammpsParser.self, "log.lammps", "-2.5", "nan",
      "a.dump: energy: found nan; allowed: a finite number"),
    Case(
      LammpsParser.self, "log.lammps", "metal", "lj",
      "log.lammps:1: units: found lj; allowed: metal, real, electron"),
    Case(
      LammpsParser.self, "log.lammps", "PotEng", "Press",
      "log.lammps: thermo output: found Step Press; allowed: lines with Step and PotEng, E_pair, or TotEng and KinEng"
    ),
  ]

  private static let sources = [
    "q.xml": """
    <qes:espresso xmlns:qes="http://www.quantum-espresso.org/ns/qes/qes-1.0" Units="Hartree atomic units">
    <input><control_variables><calculation>scf</calculation></control_variables></input>
    <output><convergence_info><scf_conv><convergence_achieved>true</convergence_achieved></scf_conv>
    </convergence_info><atomic_structure nat="2"><atomic_positions>
    <atom name="O" index="2">1 0 0</atom><atom name="H1" index="1">0 0 0</atom></atomic_positions>
    <cell><a1>9 0 0</a1><a2>0 9 0</a2><a3>0 0 9</a3></cell></atomic_structure>
    <total_energy><etot>-1.5E+001</etot></total_energy>
    <forces rank="2">0 0 0.5
    0 0 -0.5</forces></output></qes:espresso>
    """,
    "vasprun.xml": """
    <?xml version="1.0" encoding="ISO-8859-1"?><modeling><atominfo><array name="atoms"><set>
    <rc><c>Na</c><c>1</c></rc><rc><c>Cl</c><c>2</c></rc></set></array></atominfo>
    <calculation>
    <structure><crystal><varray name="basis"><v>4 0 0</v><v>0 4 0</v><v>0 0 4</v></varray></crystal>
    <varray name="positions"><v>0 0 0</v><v>0.5 0.5 0.25</v></varray></structure>
    <energy><i name="e_wo_entrp"> -2 </i></energy>
    </calculation></modeling>
    """,
    "OUTCAR": """
     VRHFIN =H: ultrasoft
     ions per type =               1
     direct lattice vectors                 reciprocal lattice vectors
     5.0 0.0 0.0 0.2 0.0 0.0
     0.0 5.0 0.0 0.0 0.2 0.0
     0.0 0.0 5.0 0.0 0.0 0.2
     POSITION                                       TOTAL-FORCE (eV/Angst)
     -----------------
     0.0 0.0 1.0 0.1 0.0 -0.1
     energy  without entropy=      -8.0  energy(sigma->0) =      -8.0

    """,
    "a.xyz": """
    2
    Lattice="5 0 0 0 5 0 0 0 5" Properties=species:S:1:pos:R:3:forces:R:3 energy=-2
    Si 0 0 0 0 0 1
    O 1 1 1 0 0 -1

    """,
    "a.dump": """
    ITEM: TIMESTEP
    10
    ITEM: NUMBER OF ATOMS
    2
    ITEM: BOX BOUNDS pp pp pp
    0 4
    0 5
    0 6
    ITEM: ATOMS id type xs ys zs
    1 2 0 0 0.25
    2 1 0.5 0.5 0.5

    """,
    "log.lammps": """
    units metal
    Step PotEng
    10 -2.5
    Loop time of 1

    """,
  ]

  /// What else lies beside a file.
  private static let besides = ["log.lammps": "a.dump", "a.dump": "log.lammps"]

  @Test(arguments: espresso + vasp + extendedXYZ + lammps) func aBadFile(_ testCase: Case) throws {
    let fixture = try ProgramFixture()
    let isLog = testCase.file == "log.lammps"
    if let other = Self.besides[testCase.file] {
      try fixture.write(Self.sources[other]!, to: "in/\(other)")
    }
    try fixture.write(Self.sources[testCase.file]!, to: "in/\(testCase.file)")
    let types = testCase.program == LammpsParser.self ? ["--types", "O,Si"] : []
    let arguments = try testCase.program.options.parse(
      ["-i", fixture.path("in"), "-o", fixture.path("out"), "--extxyz", fixture.path("all.xyz")]
        + types + testCase.options)
    if testCase.options.isEmpty {
      // As it was the file can be read.
      try testCase.program.run(arguments)
      #expect(try fixture.names(in: "out").count == 1 && fixture.exists("all.xyz"))
      for place in ["out", "all.xyz"] { try FileManager.default.removeItem(at: fixture.url(place)) }
      try fixture.edit("in/\(testCase.file)") { $0.replacing(testCase.old, with: testCase.new) }
    }
    let file = fixture.url(isLog ? "in/a.dump" : "in/\(testCase.file)")
    let reason = fixture.message {
      let read = try testCase.program.reader(arguments)
      _ = try read(ParserInput(file: file, name: testCase.program.name(of: file)) { _ in })
    }
    #expect(reason.replacing("in/", with: "") == testCase.reason)
    #expect(
      fixture.message { try testCase.program.run(arguments) }
        == "1 of 1 files gave no examples, for the reasons above")
    #expect(try fixture.names(in: "out") == [] && !fixture.exists("all.xyz"))
    #expect(try fixture.names(in: ".") == ["in", "out"])
  }

  private static let parsers: [any Program.Type] = [
    QEParser.self, VaspParser.self, EXYZParser.self, LammpsParser.self, CP2KParser.self,
    ANIParser.self,
  ]

  @Test(arguments: [
    ("QEParser", "in: there are no *.xml among its 1 files"),
    ("VaspParser", "in: there are no vasprun*.xml and OUTCAR*, also with .gz among its 1 files"),
    ("EXYZParser", "in: there are no files whose names end in xyz among its 1 files"),
    ("LammpsParser", "in: there are no *.dump, dump.*, *.lammpstrj, *.data among its 1 files"),
    ("CP2KParser", "in: there are no *.out, *output*, *-pos-*.xyz among its 1 files"),
    ("ANIParser", "in: there are no *.h5 among its 1 files"),
  ])
  func foldersAndPlaces(name: String, message: String) throws {
    let fixture = try ProgramFixture()
    let program = try #require(Self.parsers.first { "\($0)" == name })
    try fixture.write("", to: "in/notes")
    func said(_ input: String, _ output: String) -> String {
      fixture.message {
        try fixture.run(program, "-i", fixture.path(input), "-o", fixture.path(output))
      }
    }
    #expect(said("in", "out") == message)
    #expect(said("nowhere", "out") == "--indir nowhere: there is no such file or folder")
    #expect(try fixture.files(below: "out") == [])
    let good = ["QEParser": "q.xml", "EXYZParser": "a.xyz", "VaspParser": "vasprun.xml"]
    guard let source = good[name] else { return }
    try fixture.write(Self.sources[source]!, to: "good/\(source)")
    #expect(said("good", "in/notes") == "in/notes: is a file, not a folder")
    #expect(try fixture.text("in/notes") == "")
  }

  /// Without HDF5 or with, what is no such file is named.
  @Test func aFileThatIsNoHDF5() throws {
    let fixture = try ProgramFixture()
    try fixture.write("no HDF5", to: "in/a.h5")
    let message = fixture.message {
      try fixture.run(ANIParser.self, "-in", fixture.path("in"), "-out", fixture.path("out"))
    }
    #expect(message == "1 of 1 molecules gave no examples, for the reasons above")
    #expect(try fixture.files(below: "out") == [])
  }

  /// The examples of a file appear all or none.
  @Test func aFileWithTwoOfAName() throws {
    let fixture = try ProgramFixture()
    let writer = try ExampleWriter(
      EXYZParser.options.parse(["-i", fixture.path("in"), "-o", fixture.path("out")]))
    let found = ["a", "b", "a"].map { name in
      var one = ParsedConfiguration(name: name)
      (one.species, one.positions, one.energy) = (["Si"], [.zero], -1)
      return one
    }
    #expect(
      fixture.message { _ = try writer.write(found) }
        == "a: found two configurations of this name; allowed: one, or --addhash")
    #expect(try fixture.files(below: "out") == [])
  }
}
