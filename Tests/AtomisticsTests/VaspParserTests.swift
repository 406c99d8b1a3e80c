import Foundation
import TestSupport
import Testing

@testable import Atomistics

/// vasprun.xml and OUTCAR, on small files of our own.
@Suite struct VaspParserTests {
  private let scstep = """
    <scstep><energy><i name="e_fr_energy"> 8 </i><i name="e_wo_entrp"> 9 </i>
    <i name="e_0_energy"> 8.5 </i></energy></scstep>
    """

  private func vasprun(_ steps: Int, cut: Int = 0) -> Data {
    let step = """
      <calculation>\(scstep)
      <structure><crystal><varray name="basis"><v>4 0 0</v><v>0 4 0</v><v>0 0 4</v></varray></crystal>
      <varray name="positions"><v>0 0 0</v><v>0.5 0.5 0.25</v></varray></structure>
      <varray name="forces"><v>0 0 1</v><v>0 0 -1</v></varray>
      <energy><i name="e_fr_energy"> -3 </i><i name="e_wo_entrp"> -2.5 </i><i name="e_0_energy"> -0.0 </i></energy>
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
    // The step's own number of that name is another one.
    let old = String(decoding: vasprun(1), as: UTF8.self).replacing(
      "e_fr_energy\"> 8", with: "e\"> 8")
    let error = #expect(throws: AtomisticsError.self) {
      try VaspXML.decode(Data(old.utf8), name: "v", .extrapolated)
    }
    #expect(
      error?.description
        == "e_0_energy: found none; allowed: an energy of the last electronic step")
    let cut = try VaspXML.decode(vasprun(3, cut: 100), name: "v", .withoutEntropy)
    #expect(cut == Array(whole[..<2]))
    #expect(throws: AtomisticsError.self) {
      try VaspXML.decode(vasprun(1, cut: 60), name: "v", .withoutEntropy)
    }
    #expect(throws: AtomisticsError.self) { try VaspXML.decode(vasprun(0), name: "v", .free) }
  }

  @Test func vaspStepsThatCannotBeReadAreLeftOut() throws {
    func changed(_ step: Int, _ old: String, _ new: String, of count: Int) throws -> Data {
      let text = String(decoding: vasprun(count), as: UTF8.self)
      return Data(text.replacingCharacters(in: text.ranges(of: old)[step - 1], with: new).utf8)
    }
    var remarks: [String] = []
    for (old, new, reason) in [
      ("<v>0 0 -1</v>", "<v>0 0 *****</v>", "forces: found \"0 0 *****\"; allowed: 3 numbers"),
      ("> 9 <", "> NaN <", "i: found \"NaN\"; allowed: a number"),
    ] {
      let data = try changed(2, old, new, of: 3)
      let steps = try VaspXML.decode(data, name: "v", .withoutEntropy) { remarks.append($0) }
      #expect(steps.map(\.name) == ["v_000001", "v_000003"])
      #expect(
        remarks.popLast()
          == "1 of 3 ionic steps are left out; of the first, step 2: \(reason)")
      let only = try changed(1, old, new, of: 1)
      let error = #expect(throws: AtomisticsError.self) {
        try VaspXML.decode(only, name: "v", .withoutEntropy)
      }
      #expect(error?.description == reason)
    }
    #expect(remarks.isEmpty)
  }

  /// Zr is the element of which some versions write one letter only.
  @Test func vaspSymbolsThatAreCutAreThePotentials() throws {
    func species(_ symbol: String, _ potential: String) throws -> [String] {
      let types = """
        </array><array name="atomtypes"><set><rc><c>1</c><c>Na</c><c>23</c><c>1</c><c>PAW_PBE Na</c></rc>
        <rc><c>1</c><c>\(symbol)</c><c>91</c><c>4</c><c> \(potential) </c></rc></set></array></atominfo>
        """
      let text = String(decoding: vasprun(1), as: UTF8.self)
        .replacing("<c>Cl</c>", with: "<c>\(symbol)</c>")
        .replacing("</array></atominfo>", with: types)
      return try VaspXML.decode(Data(text.utf8), name: "v", .free)[0].species
    }
    #expect(try species("r ", "PAW_PBE Zr_sv 07Sep2000") == ["Na", "Zr"])
    #expect(try species("X ", "PAW_PBE Xe 07Sep2000") == ["Na", "Xe"])
    #expect(try species("Cl", "PAW_PBE Cl") == ["Na", "Cl"])
    // Hydrogen with three quarters of a charge is another species.
    #expect(try species("H.", "PAW_PBE H.75 12Feb1999") == ["Na", "H."])
    let error = #expect(throws: AtomisticsError.self) { try species("r ", "PAW_PBE Hf") }
    #expect(
      error?.description
        == "species of atom 2: found \"r\"; allowed: an element's symbol, or a part of it"
        + " and the whole in its type's pseudopotential")
  }

  /// With PSTRESS the step's own energies are enthalpies; what is added to them after self-consistency stays.
  @Test func vaspEnergiesAreWithoutTheWorkOfPressure() throws {
    // 160.217733 kB on 64 cubic angstrom are 6.4 eV.
    let pressure = "<i name=\"PSTRESS\"> 160.217733 </i>"
    func energies(
      electronic: Double, own: Double, _ settings: String
    ) throws -> [Double] {
      let text = String(decoding: vasprun(1), as: UTF8.self)
        .replacing("> 8 <", with: "> \(electronic) <").replacing(
          "> 9 <", with: "> \(electronic + 1) <"
        )
        .replacing("> 8.5 <", with: "> \(electronic + 0.5) <")
        .replacing("> -3 <", with: "> \(own) <")
        .replacing("<atominfo>", with: settings + "<atominfo>")
      return try VaspXML.Energy.allCases.map {
        try VaspXML.decode(Data(text.utf8), name: "v", $0)[0].energy
      }
    }
    let incar = "<incar>\(pressure)</incar>"
    let parameters = "<parameters><separator name=\"ionic\">\(pressure)</separator></parameters>"
    for settings in [incar, parameters, "<incar></incar>" + parameters] {
      #expect(try energies(electronic: -9.4, own: -3, settings) == [-8.4, -9.4, -8.9])
      // A correction of -2.
      #expect(try energies(electronic: -9.4, own: -5, settings) == [-10.4, -11.4, -10.9])
      // One of the digits that the numbers differ in is no correction.
      #expect(try energies(electronic: -9.4, own: -9.399, settings) == [-8.399, -9.399, -8.899])
    }
    // A correction as large as the work in one step, and none in the other.
    let text = String(decoding: vasprun(2), as: UTF8.self)
      .replacing("> 8 <", with: "> -9.4 <").replacing("<atominfo>", with: incar + "<atominfo>")
      .replacing("> -3 <", with: "> -9.4 <", maxReplacements: 1)
    #expect(
      try VaspXML.decode(Data(text.utf8), name: "v", .free).map(\.energy) == [-15.8, -9.4])
    let none = incar + parameters.replacing("160.217733", with: "0.0")
    #expect(try energies(electronic: -9.4, own: -3, none) == [-2, -3, -2.5])
    // Without an electronic step to compare with, the step's own is an enthalpy.
    let alone = String(decoding: vasprun(1), as: UTF8.self).replacing(scstep, with: incar)
      .replacing("<calculation>\(incar)", with: incar + "<calculation>")
    #expect(try VaspXML.decode(Data(alone.utf8), name: "v", .free)[0].energy == -9.4)
  }

  /// A step that took all its electronic steps has not converged, unless one was all it was to take, or the
  /// file says that it has.
  @Test func vaspStepsAreMarkedWhereSelfConsistencyWasNotReached() throws {
    func xml(_ most: Int) throws -> [Bool] {
      let parameters = """
        <parameters><separator name="electronic"><separator name="electronic convergence">
        <i type="int" name="NELM"> \(most)</i></separator></separator>
        <separator name="response functions"><i type="int" name="NELM"> 1</i></separator></parameters>
        """
      let text = String(decoding: vasprun(2), as: UTF8.self)
      let twice = text.replacing(
        "<structure>", with: "<scstep></scstep><structure>", maxReplacements: 1)
      let energies = twice.replacing("<scstep></scstep>", with: scstep)
      return try VaspXML.decode(
        Data(energies.replacing("<atominfo>", with: parameters + "<atominfo>").utf8), name: "v",
        .free
      ).map(\.isConverged)
    }
    #expect(try xml(3) == [true, true] && xml(2) == [false, true] && xml(1) == [true, true])

    func outcar(_ iterations: Int, _ ending: String) throws -> Bool {
      let folder = try TemporaryFolder()
      let lines = (1...iterations).map {
        "----------------- Iteration    1(\(String(format: "%4d", $0)))  -----------------"
      }
      let file = try folder.write(
        """
           NELM   =     3;   NELMIN=  2; NELMDL=  0     # of ELM steps
         VRHFIN =H: ultrasoft test
           ions per type =               1
              direct lattice vectors                 reciprocal lattice vectors
             4.0 0.0 0.0   0.25 0 0
             0.0 4.0 0.0   0 0.25 0
             0.0 0.0 4.0   0 0 0.25
        \(lines.joined(separator: "\n"))
        \(ending)
         POSITION                                       TOTAL-FORCE (eV/Angst)
         -----------------------------------------------------------------------------------
          0.0 0.0 0.0 0.0 0.0 0.1
          free  energy   TOTEN  =        -8.25 eV
          energy  without entropy=      -8.0  energy(sigma->0) =      -8.125

        """, to: "OUTCAR")
      return try #require(VaspOutcar.read(file).first).isConverged
    }
    #expect(try outcar(2, "") && !outcar(3, ""))
    #expect(
      try outcar(3, "------- aborting loop because EDIFF is reached ------")
        && !outcar(3, "------- aborting loop EDIFF was not reached (unconverged) ------"))
  }
}
