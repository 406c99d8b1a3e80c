import Foundation
import TestSupport
import Testing

@testable import Atomistics

/// CP2K's outputs and trajectories, on small files of our own.
@Suite struct CP2KParserTests {
  private func message(_ body: () throws -> [ParsedConfiguration]) -> String {
    do { return "\(try body())" } catch { return "\(error)" }
  }

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
    // Cells that are another run's say nothing of these frames, nor does another cell.
    try Data("0 0 9 0 0 0 9 0 0 0 9 729\n".utf8).write(to: folder.file("w-1.cell"))
    var remarks: [String] = []
    let rest = try CP2KOutput.read(
      folder.file("w-pos-1.xyz"), name: "w", cell: Matrix3.identity * 7
    ) { remarks.append($0) }
    #expect(rest.map(\.name) == ["w_0"])
    #expect(
      remarks == [
        "1 of 2 frames are left out; of the first, cell of step 5: found none; allowed: a line of w-1.cell"
      ])
  }

  /// Files of a trajectory whose steps are 0, 1 and 2, changed as it is said.
  private func trajectory(
    _ changes: [String: (String) -> String]
  ) throws -> (found: [ParsedConfiguration], remarks: [String]) {
    let folder = try TemporaryFolder()
    let frames = (0...2).map {
      "2\n i = \($0), time = 0.5, E = -17.\($0)\n H \($0).25 0 0.125\n O 0 1 0.375\n"
    }.joined()
    let cells = (0...2).map { "\($0) 0.5 9.\($0) 0 0 0 9 0 0 0 9 729.125\n" }.joined()
    for (name, text) in [
      ("w-pos-1.xyz", frames), ("w-frc-1.xyz", frames), ("w-1.cell", "# Step\n" + cells),
    ] {
      _ = try folder.write(changes[name]?(text) ?? text, to: name)
    }
    var remarks: [String] = []
    do {
      let found = try CP2KOutput.read(folder.file("w-pos-1.xyz"), name: "w", cell: nil) {
        remarks.append($0.replacing(folder.url.path + "/", with: ""))
      }
      return (found, remarks)
    } catch let error as AtomisticsError {
      throw AtomisticsError(
        line: error.line, key: error.key, found: error.found, allowed: error.allowed)
    }
  }

  /// Wherever a file ends, what is read is what the whole file says; even the last number's rest is unknown.
  @Test(arguments: ["w-pos-1.xyz", "w-frc-1.xyz", "w-1.cell"])
  func cp2kTrajectoriesThatAreCutOffKeepTheirWholeFrames(_ name: String) throws {
    let whole = try trajectory([:])
    #expect(whole.found.count == 3 && whole.remarks == [])
    for cut in 1...40 {
      let (found, remarks) = try trajectory([name: { String($0.dropLast(cut)) }])
      #expect(found == Array(whole.found.prefix(found.count)))
      #expect((1...2).contains(found.count) && !remarks.isEmpty, "\(cut)")
    }
    let last = try trajectory([name: { String($0.dropLast()) }])
    #expect(last.found.count == 2)
    #expect(
      last.remarks.first
        == (name == "w-1.cell"
          ? "the last line of w-1.cell is not finished and left out"
          : "the last frame of \(name) is not finished and left out: line 12: atoms: found a line without an"
            + " end; allowed: a whole line"))
    // Only part of a frame.
    #expect(
      message { try trajectory(["w-pos-1.xyz": { String($0.prefix(40)) }]).found }.contains("atoms")
    )
  }

  /// Forces and cells may be printed less often than positions, or not be numbers.
  @Test func cp2kFramesWithoutForcesOrNumbersAreLeftOut() throws {
    let sparse: (String) -> String = { text in
      text.split(separator: "\n").enumerated().filter { !(4..<8).contains($0.offset) }
        .map { $0.element + "\n" }.joined()
    }
    let each = try trajectory(["w-frc-1.xyz": sparse])
    #expect(each.found.map(\.name) == ["w_0", "w_2"])
    #expect(
      each.remarks == [
        "1 of 3 frames are left out; of the first, forces of step 1: found none; allowed: a frame of"
          + " w-frc-1.xyz"
      ])
    for (name, old, expected) in [
      ("w-pos-1.xyz", "1.25", "w-pos-1.xyz:7: step 1: found \"****\"; allowed: a number"),
      ("w-frc-1.xyz", "1.25", "w-frc-1.xyz:7: step 1: found \"****\"; allowed: a number"),
      ("w-pos-1.xyz", "-17.1", "line 6: E of step 1: found \"****\"; allowed: a number"),
      ("w-1.cell", " 9.1", "w-1.cell:3: cell: found \"****\"; allowed: a number"),
    ] {
      let bad = try trajectory([name: { $0.replacing(old, with: " ****") }])
      #expect(bad.found.map(\.name) == ["w_0", "w_2"])
      #expect(bad.remarks == ["1 of 3 frames are left out; of the first, \(expected)"])
    }
    let none = message {
      try trajectory(["w-frc-1.xyz": { $0.replacing("O 0", with: "O nan") }]).found
    }
    #expect(none == "line 4: step 0: found \"nan\"; allowed: a number")
  }

  /// A run that was restarted after step 1 wrote step 2 again: that is what it went on from, in all files.
  @Test func cp2kStepsThatComeAgainAreReadTheLastTime() throws {
    let folder = try TemporaryFolder()
    func write(_ values: [(step: Int, value: Double)], _ name: String) throws {
      let frames = values.map {
        "1\n i = \($0.step), time = 0.5, E = \(-$0.value)\n H \($0.value) 0 0\n"
      }
      _ = try folder.write(frames.joined(), to: name)
    }
    func writeCells(_ values: [(step: Int, value: Double)]) throws {
      let lines = values.map { "\($0.step) 0.5 \($0.value) 0 0 0 9 0 0 0 9 729\n" }
      _ = try folder.write("# Step Time\n" + lines.joined(), to: "w-1.cell")
    }
    func read() throws -> (found: [ParsedConfiguration], remarks: [String]) {
      var remarks: [String] = []
      let found = try CP2KOutput.read(folder.file("w-pos-1.xyz"), name: "w", cell: nil) {
        remarks.append($0)
      }
      return (found, remarks)
    }
    try write([(0, 1), (1, 2), (2, 3), (2, 4), (3, 5)], "w-pos-1.xyz")
    try write([(0, 10), (1, 20), (2, 30), (2, 40), (3, 50)], "w-frc-1.xyz")
    try writeCells([(0, 6), (1, 6.5), (2, 7), (2, 7.5), (3, 8)])
    let (found, remarks) = try read()
    #expect(found.map(\.name) == ["w_0", "w_1", "w_2", "w_3"])
    #expect(found.map { $0.positions[0].x } == [1, 2, 4, 5])
    #expect(found.map(\.energy) == [-1, -2, -4, -5].map { $0 * Units.hartree })
    let unit = Units.hartree / Units.bohr
    #expect(found.map { $0.forces![0].x } == [10, 20, 40, 50].map { $0 * unit })
    #expect(found.map(\.lattice.a.x) == [6, 6.5, 7.5, 8])
    #expect(
      remarks == ["1 of 5 frames are left out: their steps come again, as in restarted runs"])
    // What one run wrote does not belong to the other's positions.
    try write([(0, 10), (1, 20), (2, 30), (3, 50)], "w-frc-1.xyz")
    #expect(
      message { try read().found }.replacing(folder.url.path + "/", with: "")
        == "w-pos-1.xyz: forces of step 2: found 1 in w-frc-1.xyz; allowed: 2, as many as there are"
        + " positions")
    try write([(0, 10), (1, 20), (2, 30), (2, 40), (3, 50)], "w-frc-1.xyz")
    try writeCells([(0, 6), (1, 6.5), (2, 7), (3, 8)])
    #expect(
      message { try read().found }.contains("cell of step 2: found 1 in w-1.cell; allowed: 2,"))
  }

  private func cp2k(_ text: String, _ name: String) throws -> ([ParsedConfiguration], [String]) {
    let folder = try TemporaryFolder()
    let file = try folder.write(text, to: name)
    var remarks: [String] = []
    do {
      let found = try CP2KOutput.read(file, name: "w", cell: .zero) { remarks.append($0) }
      return (found, remarks)
    } catch let error as AtomisticsError {
      var error = error
      error.file = error.file.map { URL(fileURLWithPath: $0).lastPathComponent }
      throw error
    }
  }

  private let output = """
     CELL| Vector a [angstrom]:       5.0     0.0     0.0    |a| =       5.0
     CELL| Vector b [angstrom]:       0.0     5.0     0.0    |b| =       5.0
     CELL| Vector c [angstrom]:       0.0     0.0     5.0    |c| =       5.0
     MODULE QUICKSTEP: ATOMIC COORDINATES IN ANGSTROM
      Atom Kind Element         X             Y             Z       Z(eff)     Mass
         1    1 H    1      0.000000      0.000000      1.000000   1.000000   1.0079

     ENERGY| Total FORCE_EVAL ( QS ) energy [hartree]         -2.5
     FORCES| Atomic forces [hartree/bohr]
     FORCES|   Atom     x               y               z               |f|
     FORCES|      1  0.50000000E-01  0.00000000E+00  0.00000000E+00  0.50000000E-01

    """

  /// An optimisation prints coordinates once: later energies are not theirs.
  @Test func cp2kEnergiesHaveCoordinatesOfTheirOwn() throws {
    let later =
      "  *** SCF run NOT converged ***\n ENERGY| Total FORCE_EVAL ( QS ) energy [a.u.]: -2.6\n"
    let (found, remarks) = try cp2k(output + later + later, "w.out")
    #expect(found.count == 1 && found[0].energy == -2.5 * Units.hartree)
    #expect(found[0].forces == [[0.05 * (Units.hartree / Units.bohr), 0, 0]])
    #expect(
      remarks == [
        "the cell is known to as many digits as the output prints",
        "2 energies have no coordinates of their own and are left out: read the trajectory,"
          + " NAME-pos-1.xyz",
      ])
    #expect(try cp2k(output + output, "w.out").0.map(\.name) == ["w", "w_2"])
  }

  /// Wherever an output ends, what is read is what the whole output says.
  @Test func cp2kOutputsThatAreCutOffKeepTheirWholeSteps() throws {
    let later = output.replacing("-2.5", with: "-2.75")
    let whole = try cp2k(output + later, "w.out").0
    for cut in 1..<later.count {
      let (found, remarks) = try cp2k(String((output + later).dropLast(cut)), "w.out")
      #expect(found == [whole[0]], "\(cut)")
      // The vectors of the cell belong to no step yet.
      let hasBegun =
        later.count - cut > later.firstRange(of: "Mass")!.upperBound.utf16Offset(in: later)
      #expect(
        !hasBegun || remarks.last!.hasPrefix("the last step is not finished and left out: line"))
    }
    #expect(
      message { try cp2k(String(output.dropLast()), "w.out").0 }
        == "w.out:11: forces: found 0 atoms; allowed: 1 atoms")
  }

  /// Energies without forces count where the program says that it came to its end, or goes on with other
  /// coordinates, whose they are not.
  @Test func cp2kEnergiesWithoutForces() throws {
    let bare = String(output.prefix(upTo: output.firstRange(of: " FORCES|")!.lowerBound))
    #expect(
      message { try cp2k(bare, "w.out").0 }
        == "w.out:8: forces: found the end of the file; allowed: forces, or PROGRAM ENDED AT after the"
        + " energy")
    let other = bare.replacing("-2.5", with: "-2.75").replacing(
      "     1.000000   1.0", with: "     2.000000   1.0")
    let found = try cp2k(bare + other + " **** PROGRAM ENDED AT  2020\n", "w.out").0
    #expect(found.map(\.forces) == [nil, nil] && found.map { $0.positions[0].z } == [1, 2])
    #expect(found.map(\.energy) == [-2.5 * Units.hartree, -2.75 * Units.hartree])
  }

  /// What is no number costs its step, not the others, which keep their names.
  @Test(arguments: [
    ("1      0.000000", "1    ********", "w.out:17: coordinates: found \"********\""),
    ("        -2.5", "**********", "w.out:19: ENERGY|: found \"**********\""),
    ("0.50000000E-01  0.0", "NaN  0.0", "w.out:22: forces: found \"NaN\""),
  ])
  func cp2kStepsThatAreNoNumbersAreLeftOut(_ old: String, _ new: String, _ expected: String) throws
  {
    let bad = output.replacing(old, with: new)
    let (found, remarks) = try cp2k(output + bad + output, "w.out")
    #expect(found.map(\.name) == ["w", "w_3"] && found[0].energy == found[1].energy)
    let reason = expected.dropFirst("w.out:".count)
    #expect(
      remarks.dropFirst() == [
        "1 of 3 steps are left out; of the first, line \(reason); allowed: a number"
      ])
  }

  /// Nothing repeats along vectors that CP2K does not call periodic.
  @Test(arguments: [
    ("CELL| Periodicity   XYZ", [5.0, 5, 5]), ("CELL| Periodicity   XZ", [5, 0, 5]),
    ("CELL| Periodicity [x,y,z]:  NONE\n POISSON| Periodicity  XYZ", [0, 0, 0]),
    ("POISSON| Solver  PERIODIC\n POISSON| Periodicity  XY", [5, 5, 0]),
    ("POISSON| Periodicity  NONE", [0, 0, 0]), ("", [5, 5, 5]),
  ])
  func cp2kCellsRepeatAlongTheirPeriodicVectors(_ line: String, _ edges: [Double]) throws {
    let found = try cp2k(output.replacing(" MODULE", with: " \(line)\n MODULE"), "w.out").0[0]
    #expect((0..<3).map { found.lattice[$0][$0] } == edges && found.positions == [[0, 0, 1]])
  }

  /// What CP2K says of self-consistency holds for the energy after it, until it says otherwise.
  @Test(arguments: [
    "  *** SCF run NOT converged ***", " *** WARNING in qs_scf.F:542 :: SCF run NOT converged ***",
    " SCF run NOT converged. To continue the calculation regardless, please set the keyword",
  ])
  func cp2kEnergiesAreMarkedWhereSelfConsistencyWasNotReached(_ line: String) throws {
    let failed = output.replacing(" ENERGY|", with: "\(line)\n ENERGY|")
    let reached = output.replacing(
      " ENERGY|", with: "  *** SCF run converged in    9 steps ***\n ENERGY|")
    let found = try cp2k(output + failed + reached, "w.out").0
    #expect(found.map(\.isConverged) == [true, false, true])
  }

  @Test(arguments: [
    (
      "energy [hartree]", "energy [eV]",
      "w.out:8: ENERGY|: found \" ENERGY| Total FORCE_EVAL ( QS ) energy [eV]         -2.5\"; allowed:"
        + " a number in a.u. or hartree"
    ),
    (
      "[hartree/bohr]", "[eV/angstrom]",
      "w.out:9: forces: found \"FORCES| Atomic forces [eV/angstrom]\"; allowed: a.u. or hartree/bohr"
    ),
    (
      " FORCES|      1", " FORCES|      2", "w.out:11: forces: found 0 atoms; allowed: 1 atoms"
    ),
    (
      "Vector c", "Vector d",
      "w.out:3: CELL|: found \"CELL| Vector d [angstrom]:       0.0     0.0     5.0    |c| =       5.0\";"
        + " allowed: a vector in angstrom"
    ),
    (
      " MODULE", " CELL| Periodicity   XQ\n MODULE",
      "w.out:4: Periodicity: found XQ; allowed: some of the letters XYZ, or NONE"
    ),
    (
      "MODULE QUICKSTEP", "",
      "w.out:9: ENERGY|: found an energy before coordinates; allowed:"
        + " coordinates before it"
    ),
    (
      "        -2.5", "        nan", "w.out:8: ENERGY|: found \"nan\"; allowed: a number"
    ),
  ])
  func cp2kErrorsAreExact(_ from: String, _ to: String, _ expected: String) throws {
    // Without the heading there are no coordinates.
    let changed =
      from == "MODULE QUICKSTEP"
      ? output.replacing(" MODULE QUICKSTEP: ATOMIC COORDINATES IN ANGSTROM", with: "")
      : output.replacing(from, with: to)
    #expect(message { try cp2k(changed, "w.out").0 } == expected)
  }

  @Test(arguments: [
    ("-1\n i = 0, E = 1\n", "w-pos-1.xyz:1: number of atoms: found -1; allowed: a whole number"),
    (
      "1\n i = nan, E = 1\nH 0 0 0\n",
      "w-pos-1.xyz:2: i: found \" i = nan, E = 1\"; allowed: the number of the step"
    ),
    ("1\n i = 0\nH 0 0 0\n", "w-pos-1.xyz: step 0: found no E = in the second line; allowed: one"),
    (
      "2\n i = 0, E = 1\nH 0 0 0\n",
      "w-pos-1.xyz:3: atoms: found too few columns; allowed: 2 lines with a symbol and three numbers"
    ),
  ])
  func cp2kTrajectoryErrorsAreExact(_ text: String, _ expected: String) throws {
    #expect(message { try cp2k(text, "w-pos-1.xyz").0 } == expected)
  }
}
