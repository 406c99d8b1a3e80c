import Foundation
import TestSupport
import Testing

@testable import Atomistics

/// Readers of other programs' files on small files of our own, and the names of examples.
@Suite struct ParserTests {
  @Test func hashesAreTheStandards() {
    #expect(
      SHA224.hexadecimal("".utf8) == "d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f")
    #expect(
      SHA224.hexadecimal("abc".utf8) == "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7")
    #expect(
      SHA224.hexadecimal("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8)
        == "75388b16512776cc5dba5da1fd890150b0c6455cb4f58b1952522525")
    #expect(
      SHA224.hexadecimal(Array(repeating: UInt8(ascii: "a"), count: 1000))
        == "4e8f0ce90b64661a2b5e84be6d93a7d9b76871062f1814433d04a03d")
  }

  private var twoAtoms: ParsedConfiguration {
    var one = ParsedConfiguration(name: "two")
    one.species = ["Si", "O"]
    one.positions = [[0, 0.1, -2.5], [1.5, 2.25, 1e20]]
    one.forces = [[.leastNormalMagnitude / 222, 3, -0.0], [0, 0, 1]]
    one.lattice = Matrix3([5, 0, 0], [0, 5.5, 0], [1e-5, 0, 6])
    (one.lengthUnit, one.energyUnit, one.energy) = (.bohr, .hartree, -12.5)
    return one
  }

  /// The digest that Python makes of `float.hex`, `repr` and `hashlib`.
  @Test func examplesHaveTheOriginalsHashes() {
    #expect(twoAtoms.hash == "59bbbc314f4486c361e8ec5c661a7e881279c1a7089bbc7223c4b0e8")
  }

  @Test func examplesKeepTheSourcesUnits() throws {
    var one = twoAtoms
    one.positions[1].z = 3
    let read = try ExampleFile.decode(Array(one.example().utf8), name: "two")
    let structure = try one.structure()
    #expect(read.species == structure.species && read.energy == structure.energy)
    #expect(read.positions == structure.positions && read.cell == structure.cell)
    #expect(read.energy == -12.5 * Units.hartree && read.forces == structure.forces)
  }

  @Test func whatCannotBeTrainedOnIsSaid() throws {
    func message(_ change: (inout ParsedConfiguration) -> Void) -> String {
      var one = twoAtoms
      change(&one)
      do { return "\(try one.checked())" } catch { return "\(error)" }
    }
    #expect(message { $0.energy = .nan } == "energy: found nan; allowed: a finite number")
    #expect(
      message { $0.forces = [.zero] } == "forces: found 1 for 2 atoms; allowed: one for each atom")
    #expect(
      message { $0.positions = [.zero] }
        == "positions: found 1 of 2 atoms; allowed: one for each atom")
    #expect(message { $0.species = [] } == "atoms: found none; allowed: at least one atom")
    #expect(
      message { $0.forces![1] = [0, .infinity, 0] }
        == "forces of atom 2: found SIMD3<Double>(0.0, inf, 0.0); allowed: three finite numbers")
  }

  // MARK: LAMMPS

  private let dump = """
    ITEM: TIMESTEP
    10
    ITEM: NUMBER OF ATOMS
    2
    ITEM: BOX BOUNDS pp ff pp
    1 5
    0 6
    -2 8
    ITEM: ATOMS id type xs ys zs fx fy fz
    2 1 0.5 0.5 0.5 1 2 3
    1 2 0 0 0.25 -1 -2 -3
    """

  private let log = """
    LAMMPS (2 Aug 2023)
    units           real
    thermo_style custom step temp pe
       Step          Temp          PotEng
             0   300            -2.5
    WARNING: something in between
            10   310.5          -23.060547830619026
    Loop time of 1 on 1 procs
    """

  private func read(
    _ dump: String, _ log: String, types: [String] = ["O", "Si"], units: LammpsUnits? = nil
  ) throws -> [ParsedConfiguration] {
    let folder = try TemporaryFolder()
    let (file, logFile) = (folder.file("x.dump"), folder.file("log.lammps"))
    try Data(dump.utf8).write(to: file)
    try Data(log.utf8).write(to: logFile)
    do {
      return try LammpsRun.read(file, log: logFile, name: "x", types: types, units: units) { _ in }
    } catch let error as AtomisticsError {
      var error = error
      error.file = error.file.map { URL(fileURLWithPath: $0).lastPathComponent }
      throw error
    }
  }

  @Test func lammpsFramesHaveTheirEnergies() throws {
    let one = try #require(try read(dump, log).first)
    #expect(one.name == "x_10" && one.species == ["Si", "O"])
    #expect(one.positions == [[1, 0, 0.5], [3, 3, 3]])
    // Nothing repeats along y.
    #expect(one.lattice == Matrix3([4, 0, 0], .zero, [0, 0, 10]))
    // 23.06 kcal/mol are an electron volt.
    #expect(abs(one.energy + 1) < 1e-12 && abs(one.forces![1].y - 2 / 23.060547830619026) < 1e-12)
    let metal = try read(dump, log, units: .metal)
    #expect(metal[0].energy == -23.060547830619026 && metal[0].forces![1] == [1, 2, 3])
  }

  @Test func lammpsErrorsAreExact() throws {
    func message(_ body: () throws -> [ParsedConfiguration]) -> String {
      do { return "\(try body())" } catch { return "\(error)" }
    }
    #expect(
      message { try read(dump, log, types: []) }
        == "x.dump:10: ATOMS: found no column element; allowed: one, or --types with the species of type 1, 2, …"
    )
    #expect(
      message { try read(dump, log, types: ["O"]) }
        == "x.dump:11: type: found \"2\"; allowed: 1 to 1, those that --types names")
    #expect(
      message { try read(dump, log.replacing("real", with: "lj")) }
        == "log.lammps:2: units: found lj; allowed: metal, real, electron")
    #expect(
      message { try read(dump, log.replacing("PotEng", with: "Press")) }
        == "log.lammps: thermo output: found Step Temp Press; allowed: lines with Step and PotEng or E_pair"
    )
    #expect(
      message { try read(dump, log.replacing("units           real", with: "")) }
        == "log.lammps: units: found no such command; allowed: --units metal, real, electron")
    #expect(
      message { try read(dump, log.replacing("-23.060547830619026", with: "nan")) }
        == "x.dump: energy: found nan; allowed: a finite number")
    #expect(
      message { try read(dump.replacing(" 1 2 3", with: " 1 2"), log) }
        == "x.dump:10: ATOMS: found too few columns; allowed: id type xs ys zs fx fy fz")
  }

  @Test func lammpsDataFilesHaveTheFirstEnergy() throws {
    let data = """
      a comment
      2 atoms
      2 atom types
      0 4 xlo xhi
      0 5 ylo yhi
      0 6 zlo zhi
      1 0.5 0.25 xy xz yz

      Masses

      1 16
      2 28

      Atoms # charge

      2 1 -0.5 1 1 1
      1 2 0.5 0 0 0

      """
    let one = try #require(try read(data, log).first)
    #expect(one.species == ["Si", "O"] && one.positions == [.zero, [1, 1, 1]])
    #expect(one.lattice == Matrix3([4, 0, 0], [1, 5, 0], [0.5, 0.25, 6]) && one.forces == nil)
    #expect(abs(one.energy + 2.5 / 23.060547830619026) < 1e-12)
  }

  // MARK: CP2K

  @Test func cp2kTrajectories() throws {
    let folder = try TemporaryFolder()
    func frames(_ scale: Double) -> String {
      [0, 5].map { step in
        """
        2
         i = \(step), time = 0.5, E = -17.\(step)
         H \(scale) 0 \(step)
         O 0 \(-scale) 1

        """
      }.joined()
    }
    try Data(frames(1).utf8).write(to: folder.file("w-pos-1.xyz"))
    let alone = #expect(throws: AtomisticsError.self) {
      try CP2KOutput.read(folder.file("w-pos-1.xyz"), name: "w", cell: nil) { _ in }
    }
    #expect(alone?.allowed == "w-1.cell beside it, or --cell")
    let molecule = try CP2KOutput.read(folder.file("w-pos-1.xyz"), name: "w", cell: .zero) { _ in }
    #expect(molecule.map(\.forces) == [nil, nil] && molecule[0].lattice == .zero)
    try Data(frames(0.5).utf8).write(to: folder.file("w-frc-1.xyz"))
    try Data("# Step Time\n0 0 9 0 0 0 9 0 0 0 9 729\n5 1 8 0 0 0 9 0 0 0 9 648\n".utf8)
      .write(to: folder.file("w-1.cell"))
    let found = try CP2KOutput.read(folder.file("w-pos-1.xyz"), name: "w", cell: nil) { _ in }
    #expect(
      found.map(\.name) == ["w_0", "w_5"] && found[1].positions == [[1, 0, 5], [0, -1, 1]])
    #expect(found[1].energy == -17.5 * Units.hartree && found[1].lattice.a.x == 8)
    #expect(found[1].forces![0] == SIMD3(0.5, 0, 5) * (Units.hartree / Units.bohr))
  }

  // MARK: VASP and Quantum ESPRESSO

  private func vasprun(_ steps: Int, cut: Int = 0) -> Data {
    let step = """
      <calculation><scstep><energy><i name="e_wo_entrp"> 9 </i></energy></scstep>
      <structure><crystal><varray name="basis"><v>4 0 0</v><v>0 4 0</v><v>0 0 4</v></varray></crystal>
      <varray name="positions"><v>0 0 0</v><v>0.5 0.5 0.25</v></varray></structure>
      <varray name="forces"><v>0 0 1</v><v>0 0 -1</v></varray>
      <energy><i name="e_fr_energy"> -3 </i><i name="e_wo_entrp"> -2 </i><i name="e_0_energy"> -2.5 </i></energy>
      </calculation>
      """
    let text = """
      <?xml version="1.0" encoding="ISO-8859-1"?><modeling><atominfo><array name="atoms"><set>
      <rc><c>Na</c><c>1</c></rc><rc><c>Cl</c><c>2</c></rc></set></array></atominfo>
      \(String(repeating: step, count: steps))</modeling>
      """
    return Data(text.utf8.dropLast(cut))
  }

  @Test func vaspStepsThatAreCutOffAreLeftOut() throws {
    let whole = try VaspXML.decode(vasprun(3), name: "v", .withoutEntropy)
    #expect(whole.map(\.energy) == [-2, -2, -2] && whole[0].species == ["Na", "Cl"])
    #expect(whole[1].name == "v_000002" && whole[0].forces == [[0, 0, 1], [0, 0, -1]])
    #expect(try whole[0].structure().positions[1] == [2, 2, 1])
    #expect(try VaspXML.decode(vasprun(1), name: "v", .free)[0].energy == -3)
    #expect(try VaspXML.decode(vasprun(1), name: "v", .extrapolated)[0].energy == -2.5)
    let cut = try VaspXML.decode(vasprun(3, cut: 100), name: "v", .withoutEntropy)
    #expect(cut == Array(whole[..<2]))
    #expect(throws: AtomisticsError.self) {
      try VaspXML.decode(vasprun(1, cut: 60), name: "v", .withoutEntropy)
    }
    #expect(throws: AtomisticsError.self) { try VaspXML.decode(vasprun(0), name: "v", .free) }
  }

  private func espresso(_ change: (String) -> String = { $0 }) throws -> [ParsedConfiguration] {
    let text = """
      <qes:espresso xmlns:qes="http://www.quantum-espresso.org/ns/qes/qes-1.0" Units="Hartree atomic units">
      <input><control_variables><calculation>scf</calculation></control_variables></input>
      <output><convergence_info><scf_conv><convergence_achieved>true</convergence_achieved></scf_conv>
      </convergence_info><atomic_structure nat="2"><atomic_positions>
      <atom name="O" index="2">1 0 0</atom><atom name="H1" index="1">0 0 0</atom></atomic_positions>
      <cell><a1>9 0 0</a1><a2>0 9 0</a2><a3>0 0 9</a3></cell></atomic_structure>
      <total_energy><etot>-1.5E+001</etot></total_energy>
      <forces rank="2">0 0 0.5
      0 0 -0.5</forces></output></qes:espresso>
      """
    return try QuantumEspressoXML.decode(
      Data(change(text).utf8), name: "q", allSteps: false, allowsUnconverged: false)
  }

  @Test func espressoAtomsAreInTheirOrder() throws {
    let one = try espresso()[0]
    #expect(one.species == ["H1", "O"] && one.positions == [.zero, [1, 0, 0]])
    #expect(one.energy == -15 && one.forces == [[0, 0, 0.5], [0, 0, -0.5]])
    #expect(one.lengthUnit == .bohr && one.energyUnit == .hartree)
  }

  @Test(arguments: [
    (
      "achieved>true", "achieved>false",
      "convergence_achieved: found false; allowed: true, or --allow-unconverged"
    ),
    ("-1.5E+001", "NaN", "etot: found \"NaN\"; allowed: a number"),
    ("nat=\"2\"", "nat=\"3\"", "atoms: found 2; allowed: 3, as nat says"),
    ("0 0 -0.5", "0 0", "forces: found \"0 0 0.5\n0 0\"; allowed: 6 numbers"),
    ("<a3>0 0 9</a3>", "", "cell: found no a3; allowed: a1, a2 and a3"),
    ("Hartree atomic units", "Rydberg", "Units: found Rydberg; allowed: Hartree atomic units"),
    ("qes:espresso", "html", "found <html>; allowed: <qes:espresso>"),
    (
      "</output>", "",
      "line 9: found XML that ends too early or is damaged; allowed: a whole XML file"
    ),
  ])
  func espressoErrorsAreExact(found: String, instead: String, message: String) throws {
    let error = #expect(throws: AtomisticsError.self) {
      try espresso { $0.replacing(found, with: instead) }
    }
    #expect(error?.description == message)
  }
}
