import Dataflow
import Foundation
import TestSupport
import Testing

@testable import Atomistics

/// Files of other programs beside what other readers find in them.
@Suite(.enabled(if: Golden.isPresent, "reference data absent")) struct ParserGoldenTests {
  /// A frame as ASE reads it.
  private struct Frame: Decodable {
    var symbols: [String]
    var positions: [[Double]]
    var cell: [[Double]]
    var pbc: [Bool]
    var energy: Double?
    var forces: [[Double]]?
  }

  private struct Expected: Decodable {
    var frames: Int
    var first: Frame
    var last: Frame?
  }

  private func expected(_ name: String) throws -> Expected {
    let data = try Data(contentsOf: Golden.url("parsers/expected.json"))
    return try #require(try JSONDecoder().decode([String: Expected].self, from: data)[name])
  }

  private func check(_ found: Structure, _ expected: Frame, tolerance: Double = 2e-6) {
    #expect(found.species == expected.symbols)
    func differs(_ a: SIMD3<Double>, _ b: [Double], by limit: Double) -> Bool {
      (0..<3).contains { abs(a[$0] - b[$0]) > limit }
    }
    for (a, b) in zip(found.positions, expected.positions) {
      #expect(!differs(a, b, by: tolerance), "\(a) \(b)")
    }
    for k in 0..<3 where expected.pbc[k] {
      #expect(!differs(found.cell.vectors[k], expected.cell[k], by: 1e-9))
    }
    #expect((0..<3).map { found.cell.periodic[$0] } == expected.pbc)
    if let forces = expected.forces {
      for (a, b) in zip(found.forces ?? [], forces) { #expect(!differs(a, b, by: 1e-9)) }
      #expect(found.forces?.count == forces.count)
    }
  }

  @Test(arguments: ["vasprun.h2o.md.10.xml", "vasprun.h2o.md.xml"])
  func vaspXML(name: String) throws {
    let expected = try expected("poscars/\(name)")
    let steps = try VaspXML.read(Golden.url("parsers/poscars/\(name)"))
    #expect(steps.count == expected.frames && steps[0].areCrystal)
    #expect(steps[0].energy == expected.first.energy)
    #expect(steps.last?.energy == expected.last?.energy)
    // ASE takes positions back into the cell.
    var first = try steps[0].structure()
    first.positions = first.positions.map { first.cell.wrapped($0) }
    check(first, expected.first)
    #expect(Set(steps.map(\.name)).count == steps.count)
  }

  /// Nothing is smeared, so that all three energies are the same to the digits of the electronic steps.
  @Test(arguments: VaspXML.Energy.allCases, ["vasprun.h2o.md.10.xml", "vasprun.h2o.md.xml"])
  func vaspXMLsEnergies(kind: VaspXML.Energy, name: String) throws {
    let expected = try expected("poscars/\(name)")
    let steps = try VaspXML.read(Golden.url("parsers/poscars/\(name)"), energy: kind)
    #expect(abs(steps[0].energy - expected.first.energy!) < 1e-8)
    #expect(abs(steps.last!.energy - expected.last!.energy!) < 1e-8)
  }

  @Test(arguments: VaspXML.Energy.allCases) func vaspOutcar(kind: VaspXML.Energy) throws {
    let expected = try expected("poscars/OUTCAR.h2o.md")
    let steps = try VaspOutcar.read(Golden.url("parsers/poscars/OUTCAR.h2o.md"), energy: kind)
    #expect(steps.count == expected.frames)
    #expect(steps[0].energy == expected.first.energy)
    #expect(steps[2].energy == expected.last?.energy)
    check(try steps[0].structure(), expected.first)
    check(try steps[2].structure(), expected.last!)
  }

  @Test(arguments: [
    ("poscars/conf.dump", "H,He"), ("poscars/conf.5.dump", "H,He"), ("lammps/traj.dump", ""),
  ])
  func lammpsDump(name: String, types: String) throws {
    let expected = try expected(name)
    let data = try Data(contentsOf: Golden.url("parsers/\(name)"))
    let list = types.isEmpty ? Elements.symbols : types.split(separator: ",").map(String.init)
    let frames = try LammpsDump.decode(
      data, name: "x", types: list, .metal, periodic: { [true, true, true] })
    #expect(frames.count == expected.frames)
    func structure(_ frame: LammpsDump.Frame) throws -> Structure {
      var one = frame.configuration
      one.energy = 0
      return try one.structure()
    }
    check(try structure(frames[0]), expected.first, tolerance: 1e-9)
    check(try structure(frames.last!), expected.last!, tolerance: 1e-9)
  }

  @Test(arguments: [
    "energy_hartree", "forces_key", "nopbc", "stress_gpa", "unknown_props", "virials_key",
    "xyz_unittest",
  ])
  func extendedXYZ(name: String) throws {
    let expected = try expected("xyz/\(name).xyz")
    let frames = try ExtendedXYZ.read(Golden.url("parsers/xyz/\(name).xyz"))
    #expect(frames.count == expected.frames)
    check(frames[0], expected.first, tolerance: 1e-12)
    if name == "energy_hartree" {
      // ASE does not know the file's units.
      #expect(frames[0].energy == -0.5 * Units.hartree)
      #expect(frames[0].forces?[0].y == 0.02 * (Units.hartree / Units.bohr))
    } else {
      #expect(frames[0].energy == expected.first.energy)
    }
  }

  @Test func cp2kOutput() throws {
    let file = Golden.url("parsers/cp2k/cp2k_normal_output/cp2k_output")
    let found = try CP2KOutput.read(file, name: "x", cell: nil) { _ in }
    #expect(found.count == 1 && found[0].species.count == 30)
    #expect(found[0].energy == -1766.225653832774242 * Units.hartree)
    #expect(found[0].positions[4] == [2.519, 1.454345, 6.583475])
    #expect(found[0].lattice == Matrix3([5.038, 0, 0], [-2.519, 4.363, 0], [0, 0, 13.772]))
    let force = found[0].forces![0] / (Units.hartree / Units.bohr)
    #expect(abs(force.x - 0.00021561) < 1e-15 && abs(force.z - 0.00317438) < 1e-15)
  }

  // MARK: Quantum ESPRESSO

  private struct Output: Decodable {
    var status: String
    var creator: String?
    var creatorVersion: String?
    var atoms: [Atom]?
    var cellBohr: [[Double]]?
    var etotHartree: Double?
    var forces: [[Double]]?
    var stepEtotHartree: [Double]?

    struct Atom: Decodable {
      var symbol: String
      var position: [Double]

      init(from decoder: any Decoder) throws {
        var list = try decoder.unkeyedContainer()
        symbol = try list.decode(String.self)
        position = try list.decode([Double].self)
      }
    }
  }

  @Test func quantumEspresso() throws {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let all = try decoder.decode(
      [String: Output].self, from: Data(contentsOf: Golden.url("quantum-espresso/expected.json")))
    #expect(all.count == 11)
    for (name, expected) in all {
      let file = Golden.url("quantum-espresso/\(name)")
      guard expected.status == "ok", expected.creator != "CP" else {
        #expect(throws: AtomisticsError.self, "\(name)") { try QuantumEspressoXML.read(file) }
        continue
      }
      let found = try QuantumEspressoXML.read(file)
      #expect(found.count == 1)
      #expect(found[0].species == expected.atoms!.map(\.symbol), "\(name)")
      #expect(found[0].positions.map { [$0.x, $0.y, $0.z] } == expected.atoms!.map(\.position))
      let lattice = found[0].lattice
      let rows = [lattice.a, lattice.b, lattice.c].map { [$0.x, $0.y, $0.z] }
      #expect(rows == expected.cellBohr!)
      #expect(found[0].energy == expected.etotHartree)
      #expect(found[0].forces?.map { [$0.x, $0.y, $0.z] } == expected.forces)
      let steps = try QuantumEspressoXML.read(file, allSteps: true)
      // Before 6.6 steps have positions of the one after.
      let isOld = try #require(expected.creatorVersion) < "6.6"
      let energies = isOld ? [] : expected.stepEtotHartree ?? []
      #expect(Array(steps.map(\.energy).prefix(energies.count)) == energies, "\(name)")
      #expect(steps.last == found[0])
    }
  }

  @Test func quantumEspressoSaysWhatIsMissing() throws {
    func message(_ name: String) -> String {
      let file = Golden.url("quantum-espresso/\(name)")
      do { return "\(try QuantumEspressoXML.read(file))" } catch {
        return "\(error)".replacing(file.path, with: "F")
      }
    }
    #expect(
      message("aiida-quantumespresso/cp__6.6_verlet__data-file-schema.xml")
        .hasPrefix("F: creator: found CP; allowed: PWSCF; "))
    #expect(
      message("aiida-quantumespresso/projwfc__numbered_kinds__data-file-schema.xml")
        == "F: etot: found 0 (calculation = nscf); allowed: a total energy")
    #expect(
      message("qeschema/pw__CO_bgfs_relax.xml")
        == "F: output: found none; allowed: the results of a run that ended")
    #expect(
      message("aiida-quantumespresso/pw__failed_interrupted_xml__data-file-schema.xml")
        == "F:20: found XML that ends too early; allowed: a whole XML file")
  }

  // MARK: ANI

  @Test func aniMolecules() throws {
    let file = Golden.url("ani/ani1_s01/ani_gdb_s01.h5")
    let data: ANIFile
    do { data = try ANIFile(file) } catch let error as AtomisticsError
      where error.found.contains("no library libhdf5")
    {
      // Nothing to read with; the message is what a user sees.
      #expect(error.allowed.contains("apt install"))
      return
    }
    var leftOut = LeftOut()
    let all = try data.molecules.flatMap {
      try data.conformations(of: $0, name: "m", leftOut: &leftOut)
    }
    #expect(leftOut.count == 0)
    #expect(data.molecules.count == 3 && all.count == 10_800)
    let atoms = all.reduce(0) { $0 + $1.species.count }
    #expect(atoms == 46_800)
    let energies = try numbers("ani/ani1_s01/neutral/energies.npy")
    #expect(all.map(\.energy).sorted() == energies.sorted())
    let places = try numbers("ani/ani1_s01/neutral/coordinates.npy")
    let flat = all.flatMap { $0.positions.flatMap { [$0.x, $0.y, $0.z] } }
    #expect(flat.count == places.count && flat.sorted() == places.sorted())
    #expect(throws: AtomisticsError.self) {
      var arrays = ANIFile.Arrays()
      arrays.forces = "forces"
      _ = try ANIFile(file, arrays: arrays).conformations(
        of: data.molecules[0], name: "m", leftOut: &leftOut)
    }
  }

  @Test func aniGradientsAreTurned() throws {
    let file = Golden.url("ani/ani_gdb11_s01_forces/gdb11_S01_06r.h5")
    var arrays = ANIFile.Arrays()
    (arrays.forces, arrays.areGradients) = ("forces", true)
    guard let data = try? ANIFile(file, arrays: arrays) else { return }
    var leftOut = LeftOut()
    let all = try data.molecules.flatMap {
      try data.conformations(of: $0, name: "m", leftOut: &leftOut)
    }
    #expect(all.count == 4366 && leftOut.count == 0)
    let numbers = try numbers("ani/ani_gdb11_s01_forces/neutral/forces.npy")
    let flat = all.flatMap { $0.forces!.flatMap { [-$0.x, -$0.y, -$0.z] } }
    // Adding 0 makes one zero of both.
    let own = flat.map { $0 + 0.0 }.sorted()
    let others = numbers.map { $0 + 0.0 }.sorted()
    #expect(own == others)
  }

  private func numbers(_ path: String) throws -> [Double] {
    let tensor = try NumPyFile.read(Golden.url(path))
    return tensor.elementType == .float32
      ? tensor.scalars(as: Float.self).map(Double.init) : tensor.scalars(as: Double.self)
  }
}
