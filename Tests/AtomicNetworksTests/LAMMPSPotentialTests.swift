import Atomistics
import Dataflow
import Foundation
import TestSupport
import Testing

@testable import AtomicNetworks

@Suite struct LAMMPSPotentialTests {
  /// The offset goes into the last bias, all else comes back as it was.
  @Test(arguments: LAMMPSPotential.Version.allCases)
  func whatIsWrittenIsReadAgain(version: LAMMPSPotential.Version) throws {
    let folder = try TemporaryFolder()
    var model = Fixtures.model(version == .grid ? .relu : .tanh)
    if version == .lists, case .modified(var descriptors)? = model.descriptors {
      descriptors.lists.radialCentres = [0.5, 0.9, 2.25]
      descriptors.lists.zetas = [4, 7]
      descriptors.epsilon = 0.001
      descriptors.periodic = [true, false, false]
      model.descriptors = .modified(descriptors)
    }
    try LAMMPSPotential.write(model, to: folder.url, version: version)
    #expect(try folder.names == ["panna.in", "weights_H.dat", "weights_O.dat"])
    for index in model.networks.indices {
      let last = model.networks[index].layers.count - 1
      let biases = model.networks[index].layers[last].biases.scalars(as: Float.self)
      model.networks[index].layers[last].biases = Tensor([
        biases[0] + Float(model.networks[index].offset)
      ])
      model.networks[index].offset = 0
    }
    model.assumesPeriodicity = version == .grid
    #expect(try LAMMPSPotential.read(folder.url) == model)
    #expect(try LAMMPSPotential.read(folder.file("panna.in")) == model)
    let text = try String(contentsOf: folder.file("panna.in"), encoding: .utf8)
    #expect(text.contains("#pbc = True, False, False\n") == (version == .lists))
    _ = try folder.write(text.replacing("\n", with: "\r\n"), to: "panna.in")
    #expect(try LAMMPSPotential.read(folder.url) == model)
  }

  /// Outputs are divided by what references were multiplied with.
  @Test func energiesStayTheSame() throws {
    let folder = try TemporaryFolder()
    var model = Fixtures.model()
    model.energyRescale = 0.5
    try LAMMPSPotential.write(model, to: folder.url)
    let structures = try Fixtures.structures(4)
    let expected = try Evaluator(model, computesForces: true).evaluate(structures)
    let found = try Evaluator(LAMMPSPotential.read(folder.url), computesForces: true)
      .evaluate(structures)
    for (one, other) in zip(found, expected) {
      #expect(abs(one.energy - other.energy) < 1e-5)
      for (x, y) in zip(one.forces!, other.forces!) { #expect(abs(x - y) < 1e-5) }
    }
  }

  /// Grids must be complete before the number of their points is read.
  @Test func keysAreInAnOrderForEveryReader() throws {
    let folder = try TemporaryFolder()
    try LAMMPSPotential.write(Fixtures.model(), to: folder.url)
    let text = try String(contentsOf: folder.file("panna.in"), encoding: .utf8)
    let keys = text.split(separator: "\n").compactMap { $0.split(separator: "=").first }
      .map { $0.trimmingCharacters(in: .whitespaces) }
    func place(_ key: String) -> Int { keys.firstIndex(of: key)! }
    for part in ["rad", "ang"] {
      for before in ["eta", "Rc", "Rs0", "Rsst"] {
        #expect(place("\(before)_\(part)") < place("RsN_\(part)"))
      }
    }
    #expect(place("zeta") < place("ThetasN") && place("sizes") < place("file"))
    #expect(place("Nlayers") < place("sizes") && !text.contains("!"))
  }

  @Test func whatCannotBeExpressedIsRefused() throws {
    let folder = try TemporaryFolder()
    func message(
      _ version: LAMMPSPotential.Version = .grid, _ change: (inout NetworkModel) -> Void
    ) -> String {
      var model = Fixtures.model()
      change(&model)
      do {
        try LAMMPSPotential.write(model, to: folder.url, version: version)
        return ""
      } catch { return "\(error)" }
    }
    #expect(
      message { $0.networks[1].layers[0].activation = .tanh }
        == "species O: the format has no activation tanh; allowed: linear, gaussian, relu")
    #expect(
      message(.lists) { $0.networks[0].layers[1].activation = .radialBasis }
        == "species H: the format has no activation radialBasis; allowed: linear, gaussian, relu, tanh"
    )
    #expect(
      message { $0.networks[0].layers[2].activation = .relu }
        == "species H: the last layer must be linear to take up the offset")
    #expect(
      message { $0.descriptors = nil }
        == "the networks do not say how their descriptors are made, which the format asks for")
    var listed = Fixtures.descriptors
    listed.lists.angles = [1, 2]
    #expect(
      message { $0.descriptors = .modified(listed) }
        == "lists of centres, widths or exponents need gvector_version = 1")
    #expect(try folder.names.isEmpty)
  }

  /// A reader that would compute something else gets nothing, another one that would not does.
  @Test func everyReaderHasItsOwnLimits() throws {
    let folder = try TemporaryFolder()
    func message(
      _ reader: LAMMPSPotential.Reader, _ change: (inout DescriptorParameters) -> Void
    ) throws -> String {
      var descriptors = Fixtures.descriptors
      change(&descriptors)
      let model = Fixtures.model(descriptors: descriptors)
      do {
        try LAMMPSPotential.write(model, to: folder.url, for: reader)
        let read = try LAMMPSPotential.read(folder.url)
        #expect(model.conflict(with: try #require(read.descriptors)) == nil)
        for name in try folder.names { try FileManager.default.removeItem(at: folder.file(name)) }
        return LAMMPSPotential.caveats(model, for: reader).joined()
      } catch {
        #expect(try folder.names.isEmpty)
        return "\(error)"
      }
    }
    #expect(
      try message(.openKIM) { $0.epsilon = 0.001 }
        == "epsilon is 0.001, but OpenKIM's driver always takes 0.01")
    #expect(
      try message(.lammps) { $0.epsilon = 0.001 }
        == "epsilon is 0.001, which the format does not hold: LAMMPS' pair style of the first generation"
        + " takes 0.01, that of the second 0.001")
    #expect(
      try message(.lammps) { $0.epsilon = 0 }
        == "epsilon is 0.0, but LAMMPS' pair style takes 0.01 or 0.001")
    #expect(
      try message(.lammps) { $0.zeta = 7.5 } == "zeta is 7.5, but LAMMPS reads whole numbers only")
    #expect(try message(.openKIM) { $0.zeta = 7.5 } == "")
    #expect(
      try message(.openKIM) { $0.lists.angles = [1, 2] }
        == "OpenKIM's driver knows no lists of centres, widths or exponents")
    // A list that says what the grid says is none.
    #expect(try message(.openKIM) { $0.lists.zetas = [4, 4] } == "")
  }

  @Test func damageIsNamed() throws {
    let folder = try TemporaryFolder()
    try LAMMPSPotential.write(Fixtures.model(), to: folder.url)
    let good = try String(contentsOf: folder.file("panna.in"), encoding: .utf8)
    func message(_ old: String, _ new: String) throws -> String {
      _ = try folder.write(good.replacing(old, with: new), to: "panna.in")
      do {
        _ = try LAMMPSPotential.read(folder.url)
        return ""
      } catch { return "\(error)".replacing(folder.url.path, with: "") }
    }
    #expect(try message("", "") == "")
    #expect(
      try message("eta_rad = 4.0\n", "")
        == "/panna.in: [GVECT_PARAMETERS] eta_rad is missing")
    #expect(
      try message("RsN_rad = 3", "RsN_rad = x")
        == "/panna.in: [GVECT_PARAMETERS] RsN_rad = x: expected a whole number")
    #expect(
      try message("RsN_rad = 3", "RsN_rad = 4")
        == "/panna.in: gvect_params: Rsst_rad = 1.0, but start, cutoff and count give 0.75")
    #expect(
      try message("[O]", "[N]") == "/panna.in: section [O] is missing")
    #expect(
      try message("[GVECT_PARAMETERS]", "!gversion = 2\n[GVECT_PARAMETERS]")
        == "/panna.in: !gversion = 2; allowed: 0, 1")
    #expect(
      try message("file = weights_O.dat", "file = weights_H.data")
        == "/weights_H.data: cannot be read")
    #expect(
      try message("sizes = 5,4,1", "sizes = 5,3,1")
        == "/weights_H.dat: has 496 bytes; 117 parameters are 468")
    for sizes in ["4611686018427387904,4,1", "-5,4,1", "0,4,1", "5,4,2"] {
      let numbers = sizes.replacing(",", with: ", ")
      #expect(
        try message("sizes = 5,4,1", "sizes = \(sizes)")
          == "/panna.in: [H] sizes = [\(numbers)]: expected 3 numbers from 1 to 100000, the last one 1"
      )
    }
    #expect(
      try message("RsN_rad = 3", "RsN_rad = 4611686018427387904")
        == "/panna.in: gvect_params: RsN_rad = 4611686018427387904; allowed: 1 to 10000")
    #expect(
      try message("[GVECT_PARAMETERS]", "# pbc = True, no\n[GVECT_PARAMETERS]")
        == "/panna.in: line 2: pbc = True,no: expected True or False three times")
    #expect(
      try message("activations = 1,1,0", "activations = 1,7,0")
        == "/panna.in: [H] activations = [1, 7, 0]: expected 3 numbers from 0 to 4")
  }

  private struct Kim: Decodable {
    struct Case: Decodable {
      let name: String
      let species: [String]
      let positions: [[Double]]
      let energy: Double
      let atomicEnergies: [Double]
      let forces: [[Double]]

      enum CodingKeys: String, CodingKey {
        case name, species
        case positions = "positions_angstrom"
        case energy = "energy_eV"
        case atomicEnergies = "atomic_energies_eV"
        case forces = "forces_eV_per_A"
      }
    }
    let cases: [Case]
  }

  /// Energies and forces of OpenKIM's driver with the original's example network.
  @Test(.enabled(if: Golden.isPresent, "reference data absent"))
  func energiesAndForcesOfOpenKIM() throws {
    let golden = try JSONDecoder().decode(
      Kim.self, from: Data(contentsOf: Golden.url("panna/kim-golden/kim_golden.json")))
    let model = try LAMMPSPotential.read(Golden.url("panna/lammps-example/network"))
    let potential = try NetworkPotential(model)
    for structure in golden.cases {
      let result = try potential.evaluate(
        Structure(
          species: structure.species,
          positions: structure.positions.map { SIMD3($0[0], $0[1], $0[2]) }))
      // The driver keeps cosines a little away from 1, which three atoms in line show.
      let tolerance = structure.name.hasPrefix("collinear") ? 1e-7 : 1e-9
      #expect(abs(result.energy - structure.energy) < tolerance, "\(structure.name)")
      for (found, expected) in zip(result.atomicEnergies, structure.atomicEnergies) {
        #expect(abs(found - expected) < tolerance)
      }
      for (found, expected) in zip(result.forces, structure.forces) {
        for c in 0..<3 { #expect(abs(found[c] - expected[c]) < 1e-5, "\(structure.name)") }
      }
    }
    #expect(golden.cases.count == 3)
  }

  /// What no file of the original's records is said, and not taken for known.
  @Test(.enabled(if: Golden.isPresent, "reference data absent"))
  func anAssumedEpsilonIsSaid() throws {
    var model = try LAMMPSPotential.read(Golden.url("panna/lammps-example/network"))
    #expect(model.assumesEpsilon && model.caveat?.contains("0.01 is assumed") == true)
    let folder = try TemporaryFolder()
    try model.write(to: folder.url)
    #expect(try NetworkModel(folder: folder.url) == model)
    guard case .modified(var parameters)? = model.descriptors else {
      Issue.record("expected mBP")
      return
    }
    parameters.epsilon = 0.001
    #expect(model.conflict(with: .modified(parameters)) == nil)
    try model.describe(by: .modified(parameters))
    #expect(model.caveat == nil)
    try LAMMPSPotential.write(model, to: folder.url)
    let read = try LAMMPSPotential.read(folder.url)
    #expect(read.caveat == nil && read.descriptors == model.descriptors)
    parameters.epsilon = 0.01
    #expect(
      read.conflict(with: .modified(parameters))
        == "the networks take other descriptors: epsilon is 0.001 there, 0.01 here")
    let file = folder.file("panna.in")
    let text = try String(contentsOf: file, encoding: .utf8)
    try Data(text.replacing("epsilon = 0.001", with: "epsilon = O.001").utf8).write(to: file)
    let error = #expect(throws: NetworkError.self) { try LAMMPSPotential.read(folder.url) }
    #expect(error?.message == "line 1: epsilon = O.001: expected a number")
  }

  /// Single precision holds the offsets of heavy atoms to some 0.0001 eV.
  @Test func whatRoundingTheOffsetsCostsIsSaid() throws {
    var model = Fixtures.model()
    #expect(LAMMPSPotential.caveats(model) == [])
    model.networks[1].offset = -2041.8396
    var caveats = LAMMPSPotential.caveats(model)
    #expect(
      caveats.count == 1 && caveats[0].hasPrefix("the last biases hold the offsets in single"))
    model.descriptors?.periodic = [true, true, false]
    caveats = LAMMPSPotential.caveats(model)
    #expect(
      caveats.count == 2
        && caveats[0].hasPrefix("pbc is True, True, False, which the format does not hold"))
  }

  /// The bias that takes up the offset is the one without `energy_rescale`, which may be large.
  @Test func whatRoundingCostsIsOfTheRescaledBias() throws {
    var model = Fixtures.model()
    model.energyRescale = 1e-4
    for index in model.networks.indices {
      let last = model.networks[index].layers.count - 1
      model.networks[index].layers[last].biases = Tensor([Float(0.1)])
      model.networks[index].offset = 0
    }
    // The bias is 1000.0000149 eV, of which single precision holds 1000.
    let shift = abs(Double(Float(Double(Float(0.1)) / 1e-4)) - Double(Float(0.1)) / 1e-4)
    #expect(shift > 1e-6)
    #expect(
      LAMMPSPotential.caveats(model) == [
        "the last biases hold the offsets in single precision: energies are shifted by up to"
          + " \(Float(shift)) eV for each atom"
      ])
    // An offset that takes the bias away is added in single precision too.
    for index in model.networks.indices { model.networks[index].offset = -1000 }
    #expect(LAMMPSPotential.caveats(model).count == 1)
  }

  /// The original's export of its own training: the same bytes of parameters, the same text but for the
  /// order of the lines.
  @Test(.enabled(if: Golden.isPresent, "reference data absent"))
  func exportOfTheOriginal() throws {
    let run = Golden.url("panna/golden/train/run_quad")
    var model = try NetworkModel(folder: run.appendingPathComponent("final"))
    model.descriptors = .modified(
      DescriptorParameters(
        species: ["H", "C", "N", "O"], radialEta: 2, radialCutoff: 7, radialStart: 1,
        radialCount: 6,
        angularEta: 1.5, angularCutoff: 6, angularStart: 1, angularCount: 3, zeta: 12,
        angleCount: 4, unit: .bohr))
    let folder = try TemporaryFolder()
    try LAMMPSPotential.write(model, to: folder.url)
    func lines(_ file: URL) throws -> [String] {
      try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map(String.init)
        .filter { !$0.hasPrefix("#") }.sorted()
    }
    let expected = run.appendingPathComponent("lammps")
    let found = try lines(folder.file("panna.in"))
    let golden = try lines(expected.appendingPathComponent("panna.in"))
    #expect(found.count == golden.count)
    for (line, other) in zip(found, golden) where line != other {
      let (a, b) = (line.split(separator: " "), other.split(separator: " "))
      let difference = abs(Double(a[2])! - Double(b[2])!)
      #expect(a[0] == b[0] && difference < 1e-6 * Double(b[2])!, "\(line) and \(other)")
    }
    for symbol in ["H", "C", "N", "O"] {
      let name = "weights_\(symbol).dat"
      #expect(
        try Data(contentsOf: folder.file(name))
          == Data(contentsOf: expected.appendingPathComponent(name)))
    }
  }
}
