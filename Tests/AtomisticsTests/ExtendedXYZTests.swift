import Foundation
import TestSupport
import Testing

@testable import Atomistics

@Suite struct ExtendedXYZTests {
  static let sample = """
    2
    Lattice="5 0 0  1 6 0  0 0 7 " pbc="T 1 F" Properties=id:I:1:force:R:3:species:S:1:extra:R:2:pos:R:3:velo:R:3:local_energy:R:1 ENERGY=-1.5 virial='1 2 3 4 5 6 7 8 9' stress="0 0 0" flag name="two atoms"
    1 0.1 0.2 0.3 Si 9 9 1 2 3 0.01 0.02 0.03 -1
    2 -0.1 -0.2 -0.3 H 8 8 4 5 6 0 0 0 -0.5

    1\r
    just a comment\r
    O\t0.5 -1e2 3 further columns\r

    """

  @Test func columnsInAnyOrder() throws {
    let frames = try ExtendedXYZ.decode(Self.sample)
    #expect(frames.count == 2)
    let first = frames[0]
    #expect(first.name == "two atoms" && first.energy == -1.5)
    #expect(first.cell.vectors == Matrix3([5, 0, 0], [1, 6, 0], [0, 0, 7]))
    #expect(first.cell.periodic == [true, true, false])
    #expect(first.virial == Matrix3([1, 2, 3], [4, 5, 6], [7, 8, 9]))
    #expect(first.species == ["Si", "H"] && first.positions == [[1, 2, 3], [4, 5, 6]])
    #expect(first.forces == [[0.1, 0.2, 0.3], [-0.1, -0.2, -0.3]])
    #expect(first.velocities == [[0.01, 0.02, 0.03], .zero])
    #expect(first.perAtomQuantity == [-1, -0.5])
    #expect(frames[1].species == ["O"] && frames[1].positions == [[0.5, -100, 3]])
    #expect(frames[1].cell == .none && frames[1].energy == nil && frames[1].forces == nil)
  }

  @Test func atomicNumbersStandForSpecies() throws {
    let frame = try ExtendedXYZ.decode("1\nProperties=Z:I:1:pos:R:3\n14 0 0 0\n")[0]
    #expect(frame.species == ["Si"])
    let numbers = try ExtendedXYZ.decode("1\nProperties=pos:R:3:numbers:I:1\n0 0 0 32\n")[0]
    #expect(numbers.species == ["Ge"])
    let error = #expect(throws: AtomisticsError.self) {
      try ExtendedXYZ.decode("1\nProperties=Z:I:1:numbers:I:1:pos:R:3\n32 32 0 0 0\n")
    }
    #expect(
      error?.description
        == "line 2: Properties: found columns Z and numbers; allowed: one of them")
  }

  /// Wherever they stand, and whatever numbers are beside them.
  @Test(arguments: [
    ("species:S:1:Z:I:1", "Ge 32"), ("species:S:1:Z:I:1", "Ge 14"), ("Z:I:1:species:S:1", "32 Ge"),
    ("z:R:1:species:S:1", "0.5 Ge"),
    ("species:S:1:z:I:1", "Ge 14"), ("z:R:2:species:S:1", "1 2 Ge"),
    ("Z:R:1:species:S:1", "14.0 Ge"),
    ("numbers:I:1:species:S:1", "14 Ge"), ("species:S:1:Z:I:1:numbers:I:1", "Ge 32 0"),
  ])
  func speciesDecide(columns: String, atom: String) throws {
    for other in ["pos:R:3:\(columns)\n0 0 0 \(atom)", "\(columns):pos:R:3\n\(atom) 0 0 0"] {
      #expect(try ExtendedXYZ.decode("1\nProperties=\(other)\n")[0].species == ["Ge"])
    }
    let label = "1\nProperties=Z:I:1:species:S:1:pos:R:3\n0 Ge1 0 0 0\n"
    #expect(try ExtendedXYZ.decode(label)[0].species == ["Ge1"])
    for column in ["z:I:1", "Z:R:1"] {
      let alone = "1\nProperties=\(column):pos:R:3\n32 0 0 0\n"
      #expect(try ExtendedXYZ.decode(alone)[0].species == ["Ge"])
    }
  }

  /// As ASE 3.29 writes velocities of 0.01, 0.002 and -0.003 angstrom/fs.
  @Test func momentaAreVelocities() throws {
    func frame(_ columns: String, _ ends: [String]) throws -> Structure {
      let momenta = ["0.20503538 0 0", "0 0.24455611 0", "0 0 -0.48863373"]
      let atoms = zip(zip(["H", "C", "O"], momenta), ends).map { "\($0.0) 0 0 0 \($0.1) \($1)\n" }
      return try ExtendedXYZ.decode(
        "3\nProperties=species:S:1:pos:R:3:momenta:R:3\(columns)\n" + atoms.joined())[0]
    }
    let masses = ["2.014", "12.011", "15.999"]
    let velocities: [SIMD3<Double>] = [[0.01, 0, 0], [0, 0.002, 0], [0, 0, -0.003]]
    func isClose(_ structure: Structure, _ factors: [Double] = [1, 1, 1]) -> Bool {
      zip(structure.velocities ?? [], zip(velocities, factors)).allSatisfy { found, expected in
        dot(found - expected.0 * expected.1, found - expected.0 * expected.1) < 1e-18
      } && structure.velocities?.count == 3
    }
    let deuterated = try frame(":masses:R:1", masses)
    #expect(deuterated.masses == [2.014, 12.011, 15.999] && isClose(deuterated))
    let plain = try frame("", ["", "", ""])
    #expect(plain.masses == nil && isClose(plain, [2.014 / 1.008, 1, 1]))
    // Beside velocities they change nothing, and have to agree.
    let both = try frame(
      ":masses:R:1:velocity:R:3",
      zip(masses, ["0.01 0 0", "0 0.002 0", "0 0 -0.003"]).map { "\($0) \($1)" })
    #expect(both.velocities == velocities)
    let error = #expect(throws: AtomisticsError.self) {
      try frame(":velo:R:3", ["0.01 0 0", "0 0.002 0", "0 0 -0.003"])
    }
    #expect(
      error?.description
        == "line 3: momenta: found a velocity of 0.019980159 0.0 0.0 angstrom/fs beside one of 0.01 0.0 0.0;"
        + " allowed: the same")
    // What is no element has no mass, and whoever does not ask for it reads the rest.
    let label = try ExtendedXYZ.decode(
      "2\nProperties=species:S:1:pos:R:3:momenta:R:3\nH 0 0 0 1 0 0\nX 1 0 0 1 0 0\n")[0]
    #expect(label.count == 2 && label.velocities == nil)
  }

  /// What ASE 3.29 takes for velocities: momenta over its masses, in angstrom sqrt(eV / u).
  @Test func velocitiesAreWrittenAsMomentaToo() throws {
    var structure = Structure(species: ["Si", "H"], positions: [.zero, [1.5, 0, 0]])
    structure.velocities = [[0.01, 0, -0.003], [1 / 3, 1e-7, 0]]
    func momenta(_ text: String, _ first: Int) throws -> [SIMD3<Double>] {
      try text.split(separator: "\n").suffix(2).map { line in
        let fields = ExtendedXYZ.fields(line)
        let numbers = try fields[first..<first + 3].map { try #require(Double($0)) }
        return SIMD3(numbers[0], numbers[1], numbers[2])
      }
    }
    for masses in [[28.085, 1.008], [29, 2.014]] {
      if masses[0] == 29 { structure.masses = masses }
      let text = ExtendedXYZ.encode(structure)
      let ends = structure.masses == nil ? " " : ":masses:R:1 "
      #expect(text.contains("Properties=species:S:1:pos:R:3:velo:R:3:momenta:R:3\(ends)"))
      // An angstrom sqrt(u / eV) is 10.1805 fs.
      for (found, expected) in zip(try momenta(text, 7), zip(structure.velocities!, masses)) {
        let scaled = expected.0 * expected.1 * 10.180505710
        #expect(dot(found - scaled, found - scaled) < 1e-16 * dot(scaled, scaled))
      }
      #expect(try ExtendedXYZ.decode(text) == [structure])
    }
    structure.masses = nil
    structure.species[1] = "X"
    #expect(!ExtendedXYZ.encode(structure).contains("momenta"))
    #expect(try ExtendedXYZ.decode(ExtendedXYZ.encode(structure)) == [structure])
  }

  @Test func writtenFramesComeBackToTheLastBit() throws {
    var full = try ExtendedXYZ.decode(Self.sample)[0]
    full.positions[0] /= 3
    full.forces![1] /= 7
    full.energy = -1 / 3
    full.masses = [28 / 3, 2.014]
    full.name = #"quotes " and \ backslashes"#
    var bare = full
    (bare.forces, bare.velocities, bare.masses, bare.virial) = (nil, nil, nil, nil)
    (bare.energy, bare.perAtomQuantity, bare.cell, bare.name) = (nil, nil, .none, "")
    let empty = Structure(
      name: "empty", species: [], positions: [], cell: Cell(cubic: 3), energy: 0)
    let frames = [full, bare, empty]
    #expect(try ExtendedXYZ.decode(frames.map(ExtendedXYZ.encode).joined()) == frames)
    try withTemporaryFolder { folder in
      let file = folder.appendingPathComponent("run.2.xyz")
      try ExtendedXYZ.write(frames, to: file)
      let read = try ExtendedXYZ.read(file)
      #expect(read.map(\.name) == [full.name, "run_2", "empty"])
      try ExtendedXYZ.write([bare], to: file)
      #expect(try ExtendedXYZ.read(file)[0].name == "run")
    }
  }

  /// Everything that is an energy has the energy's unit, whether a file or its reader says it.
  @Test func energiesOfAtomsAndVirialsHaveTheUnitToo() throws {
    func frame(_ key: String, _ names: ExtendedXYZ.Names = .init()) throws -> Structure {
      try ExtendedXYZ.decode(
        """
        1
        Properties=species:S:1:pos:R:3:local_energy:R:1 energy=-2 virial="1 0 0 0 1 0 0 0 1"\(key)
        Si 0 0 0 -0.5

        """, names: names)[0]
    }
    let plain = try frame("")
    #expect(plain.perAtomQuantity == [-0.5] && plain.virial == .identity)
    var names = ExtendedXYZ.Names()
    names.energyUnit = .rydberg
    for converted in [try frame("", names), try frame(" energy-unit=rydberg")] {
      #expect(converted.energy == -2 * Units.rydberg)
      #expect(converted.perAtomQuantity == [-0.5 * Units.rydberg])
      #expect(converted.virial == Matrix3.identity * Units.rydberg)
    }
  }

  /// Who writes `energy` and `Energy` means two things.
  @Test func theKeyThatIsSpelledSoIsTaken() throws {
    func energy(_ comment: String, key: String = "energy") throws -> Double? {
      var names = ExtendedXYZ.Names()
      names.energy = key
      return try ExtendedXYZ.decode("1\n\(comment)\nH 0 0 0\n", names: names)[0].energy
    }
    for comment in ["energy=-1.5 Energy=-99", "ENERGY=7 energy=-1.5 Energy=-99", "Energy=-1.5"] {
      #expect(try energy(comment) == -1.5)
    }
    #expect(try energy("energy=-1.5 Energy=-99", key: "Energy") == -99)
    #expect(try energy("Energy=-1.5 ENERGY=-1.5") == -1.5)
    for (comment, found) in [
      ("Energy=-1 ENERGY=-2", "Energy=-1, ENERGY=-2"),
      ("energy=-1 Energy=-3 energy=-2", "energy=-1, energy=-2"),
    ] {
      let error = #expect(throws: AtomisticsError.self) { try energy(comment) }
      #expect(
        error?.description == "line 2: energy: found \(found); allowed: one of them")
    }
  }

  @Test(arguments: [
    #"Lattice=[1,2,3,4,5,6,7,8,10] pbc=[T,F,T]"#,
    #"Lattice=[1, 2, 3, 4, 5, 6, 7, 8, 10] pbc=[T, F, T]"#,
    #"Lattice={1 2 3 4 5 6 7 8 10} pbc={T F T}"#, #"Lattice="1,2,3,4,5,6,7,8,10" pbc="T,F,T""#,
    #"Lattice = "1 2 3 4 5 6 7 8 10" pbc  =  T,F,T"#,
    #"pbc= [true, false, true] Lattice = {1 2 3 4 5 6 7 8 10}"#,
    #"other=[["]", "\"]"], ["{", "x"]] Lattice=[1,2,3,4,5,6,7,8,10] pbc="T F T""#,
  ])
  func listsAreSpelledInSeveralWays(comment: String) throws {
    let frame = try ExtendedXYZ.decode("1\n\(comment) energy = -2.5 \nH 0 0 0\n")[0]
    #expect(frame.cell.vectors == Matrix3([1, 2, 3], [4, 5, 6], [7, 8, 10]))
    #expect(frame.cell.periodic == [true, false, true] && frame.energy == -2.5)
  }

  @Test func aMatrixDoesNotSayWhatItsVectorsAre() {
    let lattice = "[[1,2,3],[4,5,6],[7,8,10]]"
    let error = #expect(throws: AtomisticsError.self) {
      try ExtendedXYZ.decode("1\nLattice=\(lattice) energy=-2.5\nH 0 0 0\n")
    }
    #expect(
      error?.description
        == "line 2: Lattice: found \(lattice); allowed: nine numbers in one list, vector after vector"
    )
  }

  /// Half-open intervals are no lists.
  @Test func aBracketTakesNoPairsWithIt() throws {
    let frame = try ExtendedXYZ.decode(
      "1\nrange=[0, 1) energy=-1 limits=(0, 1] name=b Properties=species:S:1:pos:R:3\nH 0 0 0\n")[0]
    #expect(frame.energy == -1 && frame.name == "b")
  }

  /// Who wants no velocities does not mind what is called so.
  @Test func motionMayBePassedOver() throws {
    var names = ExtendedXYZ.Names()
    names.readsMotion = false
    let columns = "species:S:1:pos:R:3:velo:R:3:momenta:R:3:masses:R:1:velocity:R:1"
    let text = "1\nProperties=\(columns)\nH 0 0 0 1 0 0 2 0 0 0 7\n"
    let frame = try ExtendedXYZ.decode(text, names: names)[0]
    #expect(frame.velocities == nil && frame.masses == nil && frame.species == ["H"])
    #expect(throws: AtomisticsError.self) { try ExtendedXYZ.decode(text) }
    // A speed.
    let speed = "1\nProperties=species:S:1:pos:R:3:velocity:R:1\nH 0 0 0 7\n"
    #expect(try ExtendedXYZ.decode(speed)[0].velocities == nil)
  }

  /// Neither a bracket that nothing closes nor a value that is missing takes the pairs that follow.
  @Test(arguments: [
    "range=[0, name=b energy=-2.5", "smiles=[Na+].[Cl-] energy=-2.5 name=b",
    "x=[[1,2] name=b energy=-2.5",
    "label= energy=-2.5 name=b", "name=b energy=-2.5 label=",
    "label= name = b energy = -2.5 Properties=species:S:1:pos:R:3",
    "label= \"name\"=b energy=-2.5", "T = 300 K name=b energy=-2.5", "energy=-2.5 name=b label= ",
  ])
  func pairsStayApart(comment: String) throws {
    let frame = try ExtendedXYZ.decode("1\n\(comment)\nH 0 0 0\n")[0]
    #expect(frame.energy == -2.5 && frame.name == "b")
    #expect(try ExtendedXYZ.decode("1\nname=[Cu]Cl2\nH 0 0 0\n")[0].name == "[Cu]Cl2")
  }

  @Test func aMarkMayStandBeforeTheText() throws {
    try withTemporaryFolder { folder in
      let file = folder.appendingPathComponent("marked.xyz")
      try Data("\u{feff}\(Self.sample)".utf8).write(to: file)
      let frames = try ExtendedXYZ.read(file)
      #expect(try frames.count == 2 && frames[0] == ExtendedXYZ.decode(Self.sample)[0])
    }
  }

  @Test func wordsOfATitleAreNoKeys() throws {
    let cell = "Lattice=\"5 0 0 0 5 0 0 0 5\""
    for title in [
      "Water energy minimum, B3LYP", "pbc name virial lattice Properties energy-unit force-unit",
    ] {
      let frames = try ExtendedXYZ.decode("1\n\(title)\nH 0 0 0\n1\n\(title) \(cell)\nH 0 0 0\n")
      #expect(frames.allSatisfy { $0.energy == nil && $0.virial == nil && $0.name.isEmpty })
      #expect(frames.map(\.cell.isPeriodic) == [false, true])
    }
    // In which unit, nobody knows.
    for title in [
      "Water, energy = -76.4 Ha", "energy =-76.4", "E = -1 energy= -76.4 energy-unit = eV",
    ] {
      #expect(try ExtendedXYZ.decode("1\n\(title)\nH 0 0 0\n")[0].energy == nil)
      #expect(try ExtendedXYZ.decode("1\n\(title) \(cell)\nH 0 0 0\n")[0].energy == -76.4)
    }
    for (title, key) in [
      ("E=-1 energy= -76.4", "energy"), ("energy=-2 energy-unit = Ha", "energy-unit"),
    ] {
      let error = #expect(throws: AtomisticsError.self) {
        try ExtendedXYZ.decode("1\n\(title)\nH 0 0 0\n")
      }
      #expect(error?.key == key && error?.found.trimmingCharacters(in: ["\""]) == "")
    }
  }

  /// Six numbers have no order that all agree on.
  @Test func aVirialIsNineNumbersOrSkipped() throws {
    for virial in [
      " virial=\"0 1 2 3 4 5\"", " virial", " virial=None", " virial=\"nan 1 2 3 4 5 6 7 8\"",
      " virial=\"0 1 2 3 4 5 6 7 8 9\"", " virial=\"0 x 2 3 4 5 6 7 8\"",
    ] {
      let frame = try ExtendedXYZ.decode("1\nenergy=-1\(virial)\nH 0 0 0\n")[0]
      #expect(frame.energy == -1 && frame.virial == nil)
    }
  }

  /// Of a text that ends within a frame the frames before it remain, for those who want them.
  @Test func framesBeforeAnUnfinishedOneRemain() throws {
    let frame = "2\nenergy=-1\nH 0 0 0.125\nO 0 1 0.375\n"
    for cut in 2..<frame.utf8.count {
      let text = String((frame + frame).dropLast(cut))
      let found = try ExtendedXYZ.frames(text)
      #expect(try found.structures == ExtendedXYZ.decode(frame) && found.unfinished != nil)
      #expect(throws: found.unfinished!) { try ExtendedXYZ.decode(text) }
    }
    #expect(throws: AtomisticsError.self) { try ExtendedXYZ.frames(String(frame.dropLast(9))) }
    // Before the end nothing may be missing.
    #expect(throws: AtomisticsError.self) {
      try ExtendedXYZ.frames(frame.replacing("O 0 1 0.375\n", with: "O 0\n") + frame)
    }
  }

  /// A last line without an end is cut off where it has less behind its point, and may be elsewhere.
  @Test func aLastLineWithoutAnEndIsDoubtful() throws {
    let frame = "2\nenergy=-1\nH 0 0 0.125\nO 0 1 0.375"
    #expect(try ExtendedXYZ.frames(frame + "\n").doubt == nil)
    #expect(
      try ExtendedXYZ.frames(frame).doubt
        == "line 4, the last, has no line end: 0.375 may be part of a number")
    let error = #expect(throws: AtomisticsError.self) {
      try ExtendedXYZ.decode(String(frame.dropLast()))
    }
    #expect(
      error?.description
        == "line 4: last line: found no line end, and 0.37 below 0.125; allowed: a whole line, with its end"
    )
    let folder = try TemporaryFolder()
    let file = try folder.write(frame, to: "a.xyz")
    var warnings: [String] = []
    #expect(try StructureFile.read(file) { warnings.append($0) }.count == 1)
    #expect(
      warnings == [
        "\(file.path): line 4, the last, has no line end: 0.375 may be part of a number"
      ])
  }

  @Test func wrongFilesAreNamedExactly() {
    func error(_ text: String) -> String {
      let error = #expect(throws: AtomisticsError.self) { try ExtendedXYZ.decode(text) }
      return error?.description ?? ""
    }
    #expect(error("x\n") == "line 1: number of atoms: found \"x\"; allowed: one whole number")
    #expect(error("2") == "line 1: comment: found the end of the file; allowed: a line")
    #expect(error("2\n\nSi 0 0 0\n") == "line 3: atoms: found 1 atoms; allowed: 2 atoms")
    #expect(error("1\n\nSi 0 0\n") == "line 3: atom 1: found 3 columns; allowed: 4 columns")
    #expect(error("1\n\nSi 0 zero 0\n") == "line 3: pos: found \"zero\"; allowed: a number")
    #expect(error("1\n\nSi 0 nan 0\n") == "line 3: pos: found \"nan\"; allowed: a number")
    #expect(error("1\nLattice=\"1 2\"\n").hasPrefix("line 2: Lattice: found \"1 2\"; allowed: 9"))
    #expect(error("1\nLattice=\"1 0 0 0 1 0 1 1 0\"\n").hasPrefix("line 2: Lattice: found"))
    #expect(
      error("1\nLattice=\"1 0 0 0 1 0 0 0 1\" pbc=\"T F\"\n")
        == "line 2: pbc: found T F; allowed: three flags T or F")
    #expect(
      error("1\nLattice=\"1 0 0 0 1 0 0 0 1\n")
        == "line 2: comment: found a quote that does not end; allowed: a closing \"")
    #expect(error("1\nenergy=low\n") == "line 2: energy: found \"low\"; allowed: a number")
    #expect(
      error("1\npbc=\"T F F\"\nSi 0 0 0\n")
        == "line 2: pbc: found T F F and no Lattice; allowed: F F F without Lattice")
    #expect(error("1\npbc=\"F F\"\n") == "line 2: pbc: found F F; allowed: three flags T or F")
    // Their numbers would be mixed up.
    for (one, other) in [
      ("force:R:3", "forces:R:3"), ("vel:R:3", "velocity:R:3"),
      ("energies:R:1", "local_energy:R:1"), ("pos:R:3", "pos:R:3"), ("species:S:1", "species:S:1"),
    ] {
      let names = [one, other].map { $0.split(separator: ":")[0] }
      #expect(
        error("1\nProperties=\(one):x:R:1:\(other)\n")
          == "line 2: Properties: found columns \(names[0]) and \(names[1]); allowed: one of them")
    }
    #expect(
      error("1\nProperties=species:S:1\n")
        == "line 2: Properties: found no column pos; allowed: species, Z or numbers, and pos")
    #expect(
      error("1\nProperties=z:R:1:pos:R:3\n0.5 0 0 0\n")
        == "line 3: z: found \"0.5\"; allowed: 1 to 118")
    #expect(
      error("1\nProperties=species:S:1:pos:R:2\n")
        == "line 2: Properties: found pos with 2 columns; allowed: 3")
    #expect(error("1\nProperties=species:S\n").hasPrefix("line 2: Properties: found \"species:S\""))
    for count in ["0", "1000001", "9223372036854775807", "9223372036854775808"] {
      #expect(
        error("1\nProperties=pos:R:3:a:R:\(count)\n")
          == "line 2: Properties: found \"pos:R:3:a:R:\(count)\"; allowed: name:type:count again and"
          + " again, types S, R, I, L, counts from 1 to 1000000")
    }
    #expect(
      error("1\nProperties=Z:I:1:pos:R:3\n200 0 0 0\n")
        == "line 3: Z: found \"200\"; allowed: 1 to 118")
    for mass in ["0", "-1"] {
      #expect(
        error("1\nProperties=species:S:1:pos:R:3:masses:R:1\nH 0 0 0 \(mass)\n")
          == "line 3: masses: found \(mass); allowed: numbers above 0")
    }
    // The second frame's lines are counted from the file's beginning.
    #expect(error("1\n\nSi 0 0 0\n1\n\nSi 0 0\n").hasPrefix("line 6: atom 1"))
  }

  @Test(.enabled(if: Golden.isPresent, "reference data absent"))
  func filesOfOtherProgramsAreRead() throws {
    let file = Golden.url("silicon/kliff_sw_varying_alat/Si_alat4.888_scale0.0005_perturb1.xyz")
    let frame = try ExtendedXYZ.read(file)[0]
    #expect(frame.count == 64 && frame.energy == -234.948055839)
    #expect(frame.forces?[1] == [1.26730e-02, 1.27951e-02, -2.37614e-02])
    #expect(all(frame.cell.periodic) && frame.cell.vectors.a.x == 9.7758)
    let many = try ExtendedXYZ.read(Golden.url("silicon/mlearn_dft/training.extxyz"))
    #expect(many.count > 1)
    #expect(many.allSatisfy { $0.energy != nil && $0.forces != nil && $0.cell.isPeriodic })
  }
}
