import Foundation
import TestSupport
import Testing

@testable import Atomistics

/// Dumps, data files and logs of LAMMPS.
@Suite struct LammpsTests {
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
    _ dump: String, _ log: String, types: [String] = ["O", "Si"], units: LammpsUnits? = nil,
    remark: (String) -> Void = { _ in }
  ) throws -> [ParsedConfiguration] {
    let folder = try TemporaryFolder()
    let (file, logFile) = (folder.file("x.dump"), folder.file("log.lammps"))
    try Data(dump.utf8).write(to: file)
    try Data(log.utf8).write(to: logFile)
    do {
      return try LammpsRun.read(
        file, log: logFile, name: "x", types: types, units: units, remark: remark)
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

  /// What is said of an error, the log called LOG.
  private func message(_ body: () throws -> [ParsedConfiguration]) -> String {
    do { return "\(try body())" } catch {
      return "\(error)".replacing(/\/\S*log\.lammps/, with: "LOG")
    }
  }

  @Test func lammpsErrorsAreExact() throws {
    #expect(
      message { try read(dump, log, types: []) }
        == "x.dump:10: ATOMS: found no column element; allowed: one, or labels of types,"
        + " or --types with the species of type 1, 2, …")
    #expect(
      message { try read(dump, log, types: ["O"]) }
        == "x.dump:11: type: found \"2\"; allowed: 1 to 1, those that --types names")
    #expect(
      message { try read(dump, log.replacing("real", with: "lj")) }
        == "log.lammps:2: units: found lj; allowed: metal, real, electron")
    #expect(
      message { try read(dump, log.replacing("PotEng", with: "Press")) }
        == "log.lammps: thermo output: found Step Temp Press; allowed: lines with Step and PotEng, E_pair, or TotEng and KinEng"
    )
    #expect(
      message { try read(dump, log.replacing("units           real", with: "")) }
        == "log.lammps: units: found no such command; allowed: --units metal, real, electron")
    #expect(
      message { try read(dump, log.replacing("-23.060547830619026", with: "nan")) }
        == "x.dump: energy: found nan; allowed: a finite number")
    #expect(
      message { try read(dump, log.replacing("Loop", with: "thermo_modify norm yes\nLoop")) }
        == "log.lammps:8: thermo_modify: found norm yes, energies divided by the number of atoms;"
        + " allowed: norm no, total energies")
    #expect(
      message { try read(dump.replacing("\n2 1 0.5", with: "\n1 1 0.5"), log) }
        == "x.dump:11: id: found 1 twice in step 10; allowed: each atom once")
    #expect(
      message { try read(dump.replacing(" 1 2 3", with: " 1 2"), log) }
        == "x.dump:10: ATOMS: found too few columns; allowed: id type xs ys zs fx fy fz")
  }

  /// As `dump_modify types labels` prints them.
  @Test func lammpsTypesMayBeLabels() throws {
    let labelled = dump.replacing("\n2 1 0.5", with: "\n2 O 0.5").replacing(
      "\n1 2 ", with: "\n1 Si ")
    for types in [[], ["O", "Si"]] {
      #expect(try labelled != dump && read(labelled, log, types: types) == read(dump, log))
    }
    // What they are called is nothing where a column says the elements.
    let both = labelled.replacing("id type", with: "id type element").replacing(
      "\n2 O ", with: "\n2 Os O "
    ).replacing("\n1 Si ", with: "\n1 2 Si ")
    #expect(try read(both, log, types: []) == read(dump, log))
    #expect(
      message { try read(labelled.replacing("2 O ", with: "2 water "), log, types: []) }
        == "x.dump:10: type: found \"water\"; allowed: none, those that --types names")
  }

  /// Without a column for all of the potential energy, bonds have one beside that of pairs.
  @Test func lammpsEnergiesOfMoleculesAreWhole() throws {
    func energy(_ columns: String, _ numbers: String) throws -> Double {
      let log = "Step Temp \(columns)\n10 0 \(numbers)\nLoop time\n"
      return try #require(try read(dump, log, units: .metal).first).energy
    }
    #expect(try energy("E_pair E_mol TotEng Press", "-100 40 -60 1") == -60)
    #expect(try energy("E_mol TotEng Press E_pair", "40 -60 1 -100") == -60)
    #expect(try energy("E_pair TotEng Press", "-100 -60 1") == -100)
    #expect(try energy("E_pair TotEng KinEng", "-100 -55 5") == -60)
    #expect(try energy("KinEng Press TotEng", "5 1 -55") == -60)
    #expect(try energy("E_pair E_mol PotEng", "-100 40 -59.5") == -59.5)
  }

  @Test func lammpsEnergiesOfPairsAloneAreRemarkedOn() throws {
    func remarks(_ columns: String) throws -> [String] {
      try readMetal(dump, "Step \(columns)\n10 -100 40\nLoop time\n").remarks
    }
    #expect(
      try remarks("E_pair TotEng") == [
        "the table in line 2 of LOG has E_pair alone: energies of bonds, if there are any, are missing;"
          + " PotEng has all"
      ])
    #expect(try remarks("E_pair E_mol") == [] && remarks("TotEng KinEng") == [])
  }

  /// The last step of a run is the first of the next; but runs that count from the same step have energies that
  /// belong to other structures.
  @Test func lammpsStepsHaveOneEnergy() throws {
    let more = log + "\nStep PotEng\n10 -23.060547\n20 -24\nLoop time of 1\n"
    #expect(abs(try read(dump, more)[0].energy + 1) < 1e-7)
    #expect(
      message { try read(dump, more.replacing("10 -23.060547", with: "10 -55")) }
        == "log.lammps:10: step 10: found the energy -55.0, but -23.060547830619026 in line 7; allowed: one"
        + " energy for each step; a log for each run where runs count from the same step")
    #expect(
      message { try read(dump, log + "\nclear\nunits metal\n") }
        == "log.lammps:10: units: found metal, but real in line 2; allowed: the same for all runs of a log"
    )
    let commented = log.replacing("units           real", with: "units real # Step by step")
      .replacing("Loop", with: "# thermo_modify norm yes\nunits real\nLoop")
    #expect(abs(try read(dump, commented)[0].energy + 1) < 1e-12)
  }

  /// A dump with frames of these steps.
  private func frames(_ steps: Int...) -> String {
    steps.map { dump.replacing("TIMESTEP\n10", with: "TIMESTEP\n\($0)") }.joined()
  }

  /// The steps of the frames that are read with their energies, and what is remarked.
  private func readMetal(
    _ dump: String, _ log: String
  ) throws -> (energies: [String: Double], remarks: [String]) {
    var remarks: [String] = []
    let read = try read(dump, "units metal\n" + log) {
      remarks.append($0.replacing(/\/\S*log\.lammps/, with: "LOG"))
    }
    return (Dictionary(uniqueKeysWithValues: read.map { ($0.name, $0.energy) }), remarks)
  }

  /// What other commands print into a table neither ends it nor is taken for a part of it.
  @Test func lammpsTablesMayHaveOtherLinesInThem() throws {
    let log = """
      Step Temp PotEng
      0 300 -1
      SHAKE stats (type/ave/delta/count) on step 10
      Bond: 1 1.0 1.5e-06 200
      Angle: 1 109.47
      10 290 -2
      Step 10 PotEng
      20 x -9
      20 280 -3
      Loop time of 0.1 on 1 procs for 20 steps with 2 atoms
      30 270 -4
      """
    let found = try readMetal(frames(0, 10, 20, 30), log)
    #expect(found.energies == ["x_0": -1, "x_10": -2, "x_20": -3])
    #expect(found.remarks == ["1 of 4 frames have no energy in LOG"])
    // Nobody knows the rest of the last number of a run that was killed.
    let killed = try readMetal(frames(0, 10), "Step PotEng\n0 -1\n10 -2")
    #expect(killed.energies == ["x_0": -1])
  }

  /// Of a step with two energies the frames are left out, not the others.
  @Test func lammpsStepsWithTwoEnergiesAreLeftOut() throws {
    let log = """
      Step PotEng
      0 -1
      10 -2
      Loop time of 1
      Step PotEng
      10 -3
      20 -4
      Loop time of 1
      """
    let found = try readMetal(frames(0, 10, 20), log)
    #expect(found.energies == ["x_0": -1, "x_20": -4])
    #expect(
      found.remarks == [
        "1 of 3 frames are left out, since their steps have several energies: LOG:7: step 10: found the"
          + " energy -3.0, but -2.0 in line 4; allowed: one energy for each step; a log for each run where"
          + " runs count from the same step"
      ])
  }

  /// What is added to a dump by a run that went on behind an earlier end has steps again.
  @Test func lammpsStepsThatComeAgainAreReadTheLastTime() throws {
    let log =
      "Step PotEng\n0 -1\n10 -2\nLoop time of 1\nStep PotEng\n10 -2\n20 -3\nLoop time of 1\n"
    let text = frames(0, 10) + frames(10, 20).replacing("\n2 1 0.5", with: "\n2 1 0.25")
    let found = try readMetal(text, log)
    #expect(found.energies == ["x_0": -1, "x_10": -2, "x_20": -3])
    #expect(
      found.remarks == [
        "1 of 4 frames are left out, since a later one has the same step: first step 10"
      ])
    #expect(try read(text, "units metal\n" + log).map { $0.positions[1].x } == [3, 2, 2])
    let differing = try readMetal(text, log.replacing("10 -2\n20", with: "10 -4\n20"))
    #expect(differing.energies == ["x_0": -1, "x_20": -3] && differing.remarks.count == 2)
  }

  /// Steps that begin anew are of other structures; a dump is of one count, if any has all of its steps.
  @Test func lammpsRunsThatCountAnew() throws {
    let log = """
      Step PotEng
      0 -1
      50 -2
      Loop time of 1
      Step PotEng
      0 -3
      20 -4
      100 -5
      Loop time of 1
      """
    let second = try readMetal(frames(0, 20, 100), log)
    #expect(second.energies == ["x_0": -3, "x_20": -4, "x_100": -5] && second.remarks == [])
    // Steps that do not grow are of both; of step 20 the first says nothing, but went by it.
    let error = "; allowed: one energy for each step; a log for each run where runs count from the"
    let either = try readMetal(frames(0, 20, 100, 5), log)
    #expect(either.energies == ["x_100": -5])
    #expect(
      either.remarks == [
        "1 of 4 frames have no energy in LOG",
        "2 of 4 frames are left out, since their steps have several energies: LOG:7: step 0: found the"
          + " energy -3.0, but -1.0 in line 3\(error) same step",
      ])
    #expect(
      message { try read(frames(20), "units metal\n" + log) }
        == "log.lammps:8: step 20: found the energy -4.0, but none in the runs from line 3 on, which have"
        + " this step too\(error) same step")
    // What was stopped may have gone on beyond its last line, and the dump may be its own.
    let stopped = "units metal\n" + log.replacing("50 -2\nLoop time of 1", with: "50 -2")
    #expect(
      message { try read(frames(100), stopped) }
        == "log.lammps:8: step 100: found the energy -5.0, but none in the runs from line 3 on, which may"
        + " have this step too\(error) same step")
    #expect(message { try read(frames(0, 100), stopped) }.hasPrefix("log.lammps:6: step 0: found"))
    // A run without energies is one nevertheless.
    let silent = "units metal\nStep Temp\n0 300\n150 300\nLoop time of 1\n"
    #expect(
      message { try read(frames(0, 100), silent + log) }
        == "log.lammps:11: step 0: found the energy -3.0, but none in the runs from line 3 on, which have"
        + " this step too\(error) same step")
  }

  /// The energy of all atoms is none of some; where their number changes, a column of the table has it.
  @Test func lammpsEnergiesAreOfAllAtoms() throws {
    func log(_ columns: String, _ rows: String..., atoms: Int) -> String {
      "units metal\nStep PotEng \(columns)\n\(rows.joined(separator: "\n"))\n"
        + "Loop time of 0.5 on 1 procs for 10 steps with \(atoms) atoms\n"
    }
    #expect(try read(dump, log("", "10 -2", atoms: 2))[0].energy == -2)
    let allowed = "; where runs add or remove atoms, the column Atoms of its table"
    #expect(
      message { try read(dump, log("", "10 -2", atoms: 3)) }
        == "x.dump: atoms of x_10: found 2; allowed: 3, as line 4 of LOG says: all that the energy is of"
        + allowed)
    #expect(try read(dump, log("Atoms", "0 -3 3", "10 -2 2", atoms: 1))[0].energy == -2)
    #expect(
      message { try read(dump, log("Atoms", "10 -2 3", atoms: 2)) }.contains(
        "atoms of x_10: found 2; allowed: 3, as line 3 of "))
    #expect(
      message { try read(data, log("", "10 -2", atoms: 1)) }.contains(
        "atoms of x: found 2; allowed: 1, as line 4 of "))
    // Each run has its own number.
    let runs = log("", "0 -3", "5 -3.5", atoms: 1) + log("", "5 -2.5", "10 -2", atoms: 2)
    #expect(try read(dump, runs)[0].energy == -2)
  }

  /// A dump that is still written, or whose program was killed, ends anywhere; the frames before are whole.
  @Test func lammpsFramesThatAreCutOffAreLeftOut() throws {
    let log = "Step PotEng\n0 -1\n10 -2\n20 -3\n"
    let (two, three) = (frames(0, 10), frames(0, 10, 20))
    for length in stride(from: three.utf8.count - 1, to: two.utf8.count, by: -3) {
      let cut = String(decoding: three.utf8.prefix(length), as: UTF8.self)
      let found = try readMetal(cut, log + "Loop time of 1\n")
      #expect(found.energies == ["x_0": -1, "x_10": -2], "\(length) bytes")
    }
    #expect(
      try readMetal(String(three.dropLast()), log + "Loop time of 1\n").remarks == [
        "the last frame is not finished and left out: line 33: ATOMS: found a line without an end;"
          + " allowed: a whole line"
      ])
    #expect(
      message { try read(String(dump.dropLast(2)), "units metal\n" + log) }
        == "x.dump:11: ATOMS: found a line without an end; allowed: a whole line")
    // What is wrong within a file is no end.
    #expect(
      message { try read(three.replacing("2 1 0.5", with: "2 1 x"), "units metal\n" + log) }
        == "x.dump:10: xs: found \"x\"; allowed: a number")
  }

  /// What is wrong with one frame, or with its energy, is not wrong with others.
  @Test func lammpsFramesThatCannotBeReadAreLeftOut() throws {
    let log = "Step PotEng\n0 -1\n10 -2\n20 -3\nLoop time of 1\n"
    let remark = "1 of 3 frames are left out; of the first, step 10: "
    for (old, new, line, reason) in [
      ("-1 -2 -3", "-1 nan -3", 11, "fy: found \"nan\"; allowed: a number"),
      ("0 6\n", "0 -nan\n", 7, "BOX BOUNDS: found \"0 -nan\"; allowed: 2 numbers"),
      (
        "2 1 0.5", "2 1",
        10, "ATOMS: found too few columns; allowed: id type xs ys zs fx fy fz"
      ),
    ] {
      let bad = frames(10).replacing(old, with: new)
      let found = try readMetal(frames(0) + bad + frames(20), log)
      #expect(found.energies == ["x_0": -1, "x_20": -3])
      #expect(found.remarks == [remark + "line \(11 + line): " + reason])
      #expect(
        message { try read(bad, "units metal\n" + log) }
          == "x.dump:\(line): " + reason)
    }
    let found = try readMetal(
      frames(0, 10, 20), log.replacing("-2\n", with: "nan\nLoop time of 1\nStep PotEng\n10 nan\n"))
    #expect(found.energies == ["x_0": -1, "x_20": -3])
    #expect(found.remarks == [remark + "energy: found nan; allowed: a finite number"])
  }

  @Test func lammpsDumpsHaveTheLogsUnits() throws {
    func units(_ name: String) -> String { "ITEM: UNITS\n\(name)\nITEM: TIME\n0.5\n" + dump }
    #expect(try read(units("real"), log) == read(dump, log))
    #expect(
      message { try read(units("metal"), log) }
        == "x.dump:2: UNITS: found metal; allowed: real, as the log or --units says")
    #expect(
      message { try read(units("lj"), log, units: .metal) }
        == "x.dump:2: UNITS: found lj; allowed: metal, as the log or --units says")
  }

  private let data = """
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

  @Test func lammpsDataFilesHaveTheirStepsEnergy() throws {
    let one = try #require(try read(data, log).first)
    #expect(one.species == ["Si", "O"] && one.positions == [.zero, [1, 1, 1]])
    #expect(one.lattice == Matrix3([4, 0, 0], [1, 5, 0], [0.5, 0.25, 6]) && one.forces == nil)
    #expect(abs(one.energy + 2.5 / 23.060547830619026) < 1e-12)
    // What write_data wrote after a run has the energy of that step.
    let written = data.replacing(
      "a comment", with: "LAMMPS data file via write_data, version 2 Aug 2023, timestep = 10")
    #expect(abs(try read(written, log)[0].energy + 1) < 1e-12)
    #expect(
      message { try read(written, log + "\nStep PotEng\n10 -55\n") }
        == "log.lammps:10: step 10: found the energy -55.0, but -23.060547830619026 in line 7; allowed: one"
        + " energy for each step; a log for each run where runs count from the same step")
    for (wrong, expected) in [
      (
        written.replacing("= 10", with: "= 7"),
        "x.dump: timestep: found 7; allowed: a step whose energy LOG has"
      ),
      (
        data.replacing(" # charge", with: ""),
        "x.dump:16: Atoms: found 2 1 -0.5 1 1 1; allowed: the 5 columns of the style atomic, or 8 with"
          + " the image; another style is named in the line Atoms # STYLE"
      ),
      (
        data.replacing("# charge", with: "# ellipsoid"),
        "x.dump:14: Atoms: found the style ellipsoid; allowed: atomic, charge, full, molecular"
      ),
      (
        data.replacing("0 5 ylo yhi\n", with: ""),
        "x.dump:13: box: found no bounds along every axis; allowed: xlo xhi, ylo yhi and zlo zhi"
          + " before Atoms"
      ),
      (
        data.replacing("1 2 0.5 0", with: "2 2 0.5 0"),
        "x.dump:17: id: found 2 twice; allowed: each atom once"
      ),
    ] {
      #expect(message { try read(wrong, log) } == expected)
    }
  }

  /// A last number is cut off where it has less behind its point, and may be elsewhere.
  @Test func lammpsDataFilesWithoutALastLineEndAreDoubtful() throws {
    func remarks(_ last: String) throws -> [String] {
      var remarks: [String] = []
      _ = try read(data.replacing("1 2 0.5 0 0 0\n", with: "1 2 0.5 0 0 \(last)"), log) {
        remarks.append($0)
      }
      return remarks
    }
    #expect(try remarks("0\n") == [])
    #expect(
      try remarks("0") == ["line 17, the last, has no line end: 0 may be part of a number"])
    let atoms = "2 1 -0.5 1 1 1\n1 2 0.5 0 0 0\n"
    let cut = data.replacing(atoms, with: "2 1 -0.50 1.00 1.00 1.25\n1 2 0.50 0.00 0.00 0.5")
    #expect(
      message { try read(cut, log) }
        == "x.dump:17: last line: found no line end, and 0.5 below 1.25; allowed: a whole line, with its end"
    )
    // Numbers that are as short as may be say nothing.
    #expect(
      try read(data.replacing(atoms, with: "2 1 -0.5 1 1 1.25\n1 2 0.5 0 0 0.5"), log).count == 1)
  }

  @Test func lammpsDataFilesMayHaveLabelsOfTypes() throws {
    func species(_ labels: String, _ types: [String], _ change: (String) -> String) throws
      -> [String]
    {
      let text = change(data).replacing("Masses", with: "Atom Type Labels\n\n\(labels)\n\nMasses")
      return try read(text, log, types: types)[0].species
    }
    func labelled(_ text: String) -> String {
      text.replacing("2 1 -0.5", with: "2 O -0.5").replacing("1 2 0.5", with: "1 Si 0.5")
    }
    #expect(try species("1 O\n2 Si # of them", [], labelled) == ["Si", "O"])
    #expect(try species("1 O\n2 Si", []) { $0 } == ["Si", "O"])
    #expect(try species("1 O\n2 Si", ["S", "Ge"], labelled) == ["Ge", "S"])
    let allowed =
      "a type whose label is an element's symbol, or --types with the species of type 1, 2, …"
    #expect(
      message {
        try read(
          data.replacing("Masses", with: "Atom Type Labels\n\n1 oh\n2 Si\n\nMasses"), log, types: []
        )
      }
        == "x.dump:21: type: found \"1\"; allowed: \(allowed)")
    #expect(
      message { try read(labelled(data), log, types: ["O", "Si"]) }
        == "x.dump:16: type: found \"O\"; allowed: 1 to 2, those that --types names")
  }

  /// What the data file does not say of the box, the log does.
  @Test func lammpsDataFilesHaveTheLogsBoundaries() throws {
    func lattice(_ commands: String) throws -> Matrix3 {
      try #require(try read(data, commands + log).first).lattice
    }
    // As versions of long ago wrote them.
    let unsaid = dump.replacing("BOUNDS pp ff pp", with: "BOUNDS")
    #expect(try read(unsaid, log)[0].lattice == Matrix3([4, 0, 0], [0, 6, 0], [0, 0, 10]))
    #expect(
      try read(unsaid, "boundary f p s\n" + log)[0].lattice == Matrix3(.zero, [0, 6, 0], .zero))
    let (a, b, c) = (SIMD3(4.0, 0, 0), SIMD3(1.0, 5, 0), SIMD3(0.5, 0.25, 6))
    #expect(try lattice("") == Matrix3(a, b, c))
    #expect(try lattice("boundary p p p\n") == Matrix3(a, b, c))
    #expect(try lattice("boundary s s s\n") == .zero)
    #expect(try lattice("boundary\tp pp fs # a slab\n") == Matrix3(a, b, .zero))
    #expect(try lattice("boundary $x p p\nboundary m p p\n") == Matrix3(.zero, b, c))
    // Other boundaries that are open, too, are the same here.
    #expect(try lattice("boundary f p p\nchange_box all boundary s p p\n") == Matrix3(.zero, b, c))
    // No run had the first ones.
    #expect(
      try lattice("boundary p p f\nchange_box all boundary p p p\n") == Matrix3(a, b, c))
    for (commands, later, expected) in [
      (
        "boundary p p\tps\n", "",
        "1: boundary: found p p ps; allowed: p, or one or two of f, s and m, for each of three"
          + " directions"
      ),
      (
        "boundary p p f\n", "change_box all boundary p f f triclinic",
        "10: boundary: found p f f, but p p f in line 1; allowed: the same for all runs of a log that a"
          + " file without boundaries is read with"
      ),
      (
        "", "clear\nboundary p p s",
        "10: boundary: found p p s, but LAMMPS' default p p p in line 4; allowed: the same for all runs"
          + " of a log that a file without boundaries is read with"
      ),
      (
        "boundary p p s\n", "clear\nStep PotEng\n0 -2.5",
        "11: boundary: found LAMMPS' default p p p, but p p s in line 1; allowed: the same for all runs"
          + " of a log that a file without boundaries is read with"
      ),
    ] {
      let whole = commands + log + "\n" + later
      #expect(message { try read(data, whole) } == "log.lammps:" + expected)
      #expect(message { try read(unsaid, whole) } == "log.lammps:" + expected)
      // Other dumps say of each frame what its boundaries are.
      #expect(try read(dump, whole)[0].lattice == Matrix3([4, 0, 0], .zero, [0, 0, 10]))
    }
  }
}
