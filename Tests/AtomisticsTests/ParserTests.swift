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
        == "forces of atom 2: found 0.0 inf 0.0; allowed: three finite numbers")
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
    return try QuantumEspressoXML.decode(Data(change(text).utf8), name: "q", allSteps: false)
  }

  @Test func espressoAtomsAreInTheirOrder() throws {
    let one = try espresso()[0]
    #expect(one.species == ["H1", "O"] && one.positions == [.zero, [1, 0, 0]])
    #expect(one.energy == -15 && one.forces == [[0, 0, 0.5], [0, 0, -0.5]])
    #expect(one.lengthUnit == .bohr && one.energyUnit == .hartree)
    let other = try espresso { $0.replacing("achieved>true", with: "achieved>false") }
    #expect(one.isConverged && !other[0].isConverged)
  }

  /// Files of versions before 6.4 have the error of self-consistency and the number of its steps, and their bounds.
  @Test(arguments: [
    ("9.9E-007", "13", true), ("1.1E-006", "13", false), ("9.9E-007", "100", false),
  ])
  func espressoSaysNotAlwaysWhetherItConverged(
    error: String, steps: String, isConverged: Bool
  ) throws {
    let bounds = "<conv_thr>1.0E-006</conv_thr><max_nstep>\n 100\n</max_nstep>"
    let one = try espresso {
      $0.replacing("</input>", with: "<electron_control>\(bounds)</electron_control></input>")
        .replacing(
          "<convergence_achieved>true</convergence_achieved>",
          with: "<n_scf_steps>\(steps)</n_scf_steps><scf_error>\(error)</scf_error>")
    }
    #expect(one[0].isConverged == isConverged)
  }

  @Test(arguments: [
    ("-1.5E+001", "NaN", "etot: found \"NaN\"; allowed: a number"),
    ("nat=\"2\"", "nat=\"3\"", "atoms: found 2; allowed: 3, as nat says"),
    ("0 0 -0.5", "0 0", "forces: found \"0 0 0.5\n0 0\"; allowed: 6 numbers"),
    ("<a3>0 0 9</a3>", "", "cell: found no a3; allowed: a1, a2 and a3"),
    ("Hartree atomic units", "Rydberg", "Units: found Rydberg; allowed: Hartree atomic units"),
    ("qes:espresso", "html", "found <html>; allowed: <qes:espresso>"),
    (
      "<input>", "<general_info><creator NAME=\"CP\" VERSION=\"6.6\"/></general_info><input>",
      "creator: found CP; allowed: PWSCF; what cp.x writes does not belong together: half the forces, and"
        + " positions of the step after that of energy and forces"
    ),
    (
      "</output>", "",
      "line 9: found </qes:espresso>; allowed: </output>"
    ),
  ])
  func espressoErrorsAreExact(found: String, instead: String, message: String) throws {
    let error = #expect(throws: AtomisticsError.self) {
      try espresso { $0.replacing(found, with: instead) }
    }
    #expect(error?.description == message)
  }
}
