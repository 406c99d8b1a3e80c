import Foundation
import TestSupport
import Testing

@testable import Atomistics

/// The `OUTCAR` of VASP: what its steps are of, and which of them are taken.
@Suite struct VaspOutcarTests {
  private struct Run {
    /// Symbols and numbers of ions.
    var types: [(symbol: String, count: Int)] = [("O", 1), ("H", 2)]
    /// The line that VASP makes of the numbers.
    var counts: String?
    /// Whether the potentials are printed, as NWRITE = 0 does not.
    var hasPotentials = true
    var cell = [
      "     5.000000000  0.000000000  0.000000000     0.200000000  0.000000000  0.000000000",
      "     0.000000000  5.000000000  0.000000000     0.000000000  0.200000000  0.000000000",
      "     0.000000000  0.000000000  5.000000000     0.000000000  0.000000000  0.200000000",
    ]

    var ions: Int { types.reduce(0) { $0 + $1.count } }

    var header: String {
      let list = types.map { " POTCAR:    PAW_PBE \($0.symbol)_s 08Apr2002" }
      let potentials = zip(list, types).map {
        $0 + (hasPotentials ? "\n   VRHFIN =\($1.symbol): s2p4" : "")
      }
      let columns = types.map { String(format: "%4d", $0.count) }.joined()
      return """
         vasp.6.3.0 20Jan22 (build Jan 01 2022 00:00:00) complex
        \((list + potentials).joined(separator: "\n"))
           number of dos      NEDOS =    301   number of ions     NIONS = \(String(format: "%6d", ions))
           ions per type =            \(counts ?? columns)
           NGX,Y,Z   is equivalent  to a cutoff of  10.19, 10.47, 10.73 a.u.
           NELM   =     60;   NELMIN=  4; NELMDL=  0     # of ELM steps

        """
    }

    func forces(_ mark: String = "") -> String {
      let rows = (1...ions).map {
        "      0.00000      0.00000      \($0).00000         0.0 0.0 0.5"
      }
      return """
              direct lattice vectors                 reciprocal lattice vectors
        \(cell.joined(separator: "\n"))
         POSITION                                       TOTAL-FORCE (eV/Angst)\(mark)
         -----------------------------------------------------------------------------------
        \(rows.joined(separator: "\n"))
         -----------------------------------------------------------------------------------

        """
    }

    func step(_ energy: Double, ending: String = "EDIFF is reached") -> String {
      """
      ----------------------------------------- Iteration    1(   1)  ---------------------------------------
        free energy    TOTEN  =       191.04653371 eV

        energy without entropy =      191.04653371  energy(sigma->0) =      191.04653371
      ------------------------ aborting loop because \(ending) ----------------------------

      """ + forces() + """
          FREE ENERGIE OF THE ION-ELECTRON SYSTEM (eV)
          free  energy   TOTEN  =       \(energy) eV

          energy  without entropy=      \(energy)  energy(sigma->0) =      \(energy)

        """
    }

    /// A step of a machine-learned force field.
    func learned(_ energy: Double) -> String {
      forces(" (ML)") + """
          ML FREE ENERGIE OF THE ION-ELECTRON SYSTEM (eV)
          free  energy ML TOTEN  =         \(energy) eV

          ML energy  without entropy=        \(energy)  ML energy(sigma->0) =        \(energy)

        """
    }
  }

  private func read(
    _ text: String, _ energy: VaspXML.Energy = .withoutEntropy, remark: (String) -> Void = { _ in }
  ) throws -> [ParsedConfiguration] {
    let folder = try TemporaryFolder()
    return try VaspOutcar.read(
      try folder.write(text, to: "OUTCAR"), energy: energy, remark: remark)
  }

  private func message(_ text: String) -> String {
    do { return "\(try read(text))" } catch {
      return "\(error)".replacing(/\/\S*OUTCAR/, with: "OUTCAR")
    }
  }

  private let run = Run()

  // MARK: Species

  @Test func typesHaveAllIons() throws {
    #expect(try read(run.header + run.step(-8)).map(\.species) == [["O", "H", "H"]])
    let symbols = Array(Elements.symbols.prefix(12))
    var many = Run(types: symbols.map { ($0, 1) })
    #expect(try read(many.header + many.step(-8))[0].species == symbols)
    // Ten in a line.
    let ten = String(repeating: "   1", count: 10)
    many.counts = "\(ten)\n   1   1"
    #expect(try read(many.header + many.step(-8))[0].species == symbols)
    many.counts = ten
    #expect(
      message(many.header + many.step(-8))
        == "OUTCAR:39: ions per type: found 1 1 1 1 1 1 1 1 1 1; allowed: 12 ions in all, as NIONS says; where"
        + " VASP lists no more than ten types, vasprun.xml has all")
    many.counts = ten + "****"
    #expect(message(many.header + many.step(-8)).hasPrefix("OUTCAR:39: ions per type: found 1 1"))
    let large = Run(types: [("O", 1000), ("H", 2000)])
    #expect(large.header.contains("ions per type =            10002000\n"))
    let species = try read(large.header + large.step(-8))[0].species
    #expect(species.count == 3000 && species[999...1000] == ["O", "H"])
  }

  @Test func potentialsThatAreNotPrintedAreListed() throws {
    let silent = Run(types: [("Ti", 3), ("O", 2), ("Ti", 3)], hasPotentials: false)
    let species = try read(silent.header + silent.step(-8))[0].species
    #expect(species == ["Ti", "Ti", "Ti", "O", "O", "Ti", "Ti", "Ti"])
    #expect(
      message(silent.header.replacing("POTCAR:", with: "") + silent.step(-8))
        == "OUTCAR:21: TOTAL-FORCE: found forces before species and cell; allowed: VRHFIN or POTCAR:, ions per"
        + " type and direct lattice vectors before them")
  }

  @Test func filesOneBehindTheOther() throws {
    let other = Run(types: [("C", 1), ("H", 4)])
    let both = run.header + run.step(-8) + run.step(-9) + other.header + other.step(-24)
    let found = try read(both)
    #expect(found.map(\.energy) == [-8, -9, -24])
    #expect(found[1].species == ["O", "H", "H"] && found[2].species == ["C", "H", "H", "H", "H"])
  }

  @Test func cellsWhoseNumbersTouch() throws {
    var narrow = run
    narrow.cell[0] =
      "   -10.000000000-10.000000000  0.000000000     0.200000000  0.000000000  0.000000000"
    narrow.cell[2] =
      "     0.000000000  0.000000000108.808388788     0.000000000  0.000000000  0.009190468"
    let lattice = try read(narrow.header + narrow.step(-8))[0].lattice
    #expect(lattice == Matrix3([-10, -10, 0], [0, 5, 0], [0, 0, 108.808388788]))
    narrow.cell[0] = "   *************-10.000000000  0.000000000"
    #expect(
      message(narrow.header + narrow.step(-8)).hasSuffix(
        "direct lattice vectors: found \"\(narrow.cell[0])\"; allowed: 3 numbers"))
  }

  // MARK: Steps

  @Test(arguments: VaspXML.Energy.allCases)
  func learnedStepsAreLeftOut(_ kind: VaspXML.Energy) throws {
    var remarks: [String] = []
    let text =
      run.header + run.learned(0) + run.step(-8) + run.learned(-8.5) + run.learned(-9)
      // Its forces are not printed.
      + run.step(-7).replacing("TOTAL-FORCE", with: "") + run.step(-9)
    let found = try read(text, kind) { remarks.append($0) }
    #expect(found.map(\.energy) == [-8, -9])
    #expect(remarks == ["3 steps of a machine-learned force field are left out"])
    #expect(
      message(run.header + run.learned(-8) + run.learned(-9))
        == "OUTCAR: TOTAL-FORCE: found 2 steps of a machine-learned force field, and no other; allowed: at"
        + " least one")
  }

  /// A run that was killed between a step's forces and its energy has another one behind it.
  @Test(arguments: VaspXML.Energy.allCases)
  func energiesAreTheStepsOwn(_ kind: VaspXML.Energy) throws {
    let text = run.header + run.step(-8) + run.forces() + run.header + run.step(-9)
    #expect(try read(text, kind).map(\.energy) == [-8, -9])
  }

  /// A file that is still written, or whose program was killed, ends anywhere; the steps before are whole.
  @Test(arguments: VaspXML.Energy.allCases)
  func stepsThatAreCutOffAreLeftOut(_ kind: VaspXML.Energy) throws {
    let start = run.header + run.step(-8)
    let whole = start + run.step(-9.25)
    let mark = kind == .free ? "free  energy   TOTEN" : "energy  without entropy"
    let last = try #require(whole.ranges(of: mark).last)
    let line = whole[last.lowerBound...].prefix { $0 != "\n" }
    let end = whole[..<line.endIndex].utf8.count
    let lengths =
      Array(stride(from: start.utf8.count, to: end, by: 41)) + (end - line.utf8.count...end)
    for length in lengths {
      let cut = String(decoding: whole.utf8.prefix(length), as: UTF8.self)
      #expect(try read(cut, kind).map(\.energy) == [-8], "\(length) bytes")
    }
    #expect(try read(String(decoding: whole.utf8.prefix(end + 1), as: UTF8.self), kind).count == 2)
    let only = run.header + run.forces().split(separator: "\n").prefix(7).joined(separator: "\n")
    #expect(
      message(only + "\n")
        == "OUTCAR:18: TOTAL-FORCE: found the end of the file; allowed: 6 numbers")
  }

  @Test func stepsThatWereStoppedHaveNotConverged() throws {
    let text = run.header + run.step(-8) + run.step(-9, ending: "hard stop was set") + run.step(-10)
    #expect(try read(text).map(\.isConverged) == [true, false, true])
  }

  /// The last of the last step's ions has such a line.
  private func lastRow(_ row: String, in text: String) throws -> String {
    let old = "      0.00000      0.00000      3.00000         0.0 0.0 0.5"
    let last = try #require(text.ranges(of: old).last)
    return text.replacingCharacters(in: last, with: row)
  }

  @Test func forcesWhoseNumbersTouch() throws {
    let row = "-123456.12345-123456.12345-123456.12345   -123456.123456-123456.123456-123456.123456"
    let found = try read(try lastRow(row, in: run.header + run.step(-8)))
    #expect(found[0].positions[2] == SIMD3(repeating: -123456.12345))
    #expect(found[0].forces?[2] == SIMD3(repeating: -123456.123456))
  }

  /// Other steps are as good as without it.
  @Test(arguments: VaspXML.Energy.allCases)
  func stepsThatCannotBeReadAreLeftOut(_ kind: VaspXML.Energy) throws {
    let row = "      0.00000      0.00000      3.00000   **************      0.000000      0.500000"
    let overflow = try lastRow(row, in: run.header + run.step(-8) + run.step(-9))
    var remarks: [String] = []
    func energies(_ text: String) throws -> [Double] {
      remarks = []
      return try read(text, kind) { remarks.append($0) }.map(\.energy)
    }
    let reason = "TOTAL-FORCE: found \"\(row)\"; allowed: 6 numbers"
    #expect(try energies(overflow + run.step(-10)) == [-8, -10])
    let remark = "ionic steps are left out; of the first, step 2: line"
    #expect(remarks == ["1 of 3 \(remark) 44: \(reason)"])
    let infinite = (overflow + run.step(.nan)).replacing("nan eV", with: "NaN eV")
    #expect(try energies(infinite + run.step(-10)) == [-8, -10])
    #expect(remarks == ["2 of 4 \(remark) 44: \(reason)"])
    #expect(
      message(try lastRow(row, in: run.header + run.step(-8))) == "OUTCAR:25: \(reason)")
  }
}
