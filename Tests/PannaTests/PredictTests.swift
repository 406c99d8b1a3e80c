import AtomicNetworks
import Atomistics
import Dataflow
import Foundation
import ProgramSupport
import TestSupport
import Testing

@testable import panna

/// Small networks for H and O, with the descriptors of the file in `GvectCalculatorTests`.
func waterNetworks(describedBy settings: DescriptorSettings?, size: Int = 32) -> NetworkModel {
  var generator = PhiloxGenerator(seed: 5)
  let networks = ["H", "O"].map { symbol in
    SpeciesNetwork(
      symbol: symbol,
      layers: [
        .init(random: size, to: 3, activation: .gaussian, using: &generator),
        .init(random: 3, to: 1, activation: .linear, using: &generator),
      ], offset: symbol == "H" ? -1 : -12)
  }
  return NetworkModel(networks: networks, descriptors: settings)
}

@Suite struct PredictTests {
  private func silicon(_ shift: Double = 0.1) throws -> Structure {
    var structure = try StartingStructures.diamond("Si", latticeConstant: 5.5)
    structure.name = "silicon"
    structure.positions[3].x += shift
    return structure
  }

  @Test func extendedXYZHoldsWhatThePotentialSays() throws {
    let fixture = try ProgramFixture()
    let frames = try [silicon(), silicon(0.2), silicon(0.3)]
    try ExtendedXYZ.write(frames, to: fixture.url("in.xyz"))
    try fixture.run(
      Predict.self, "-p", "stillinger-weber", "-o", fixture.path("out.extxyz"),
      fixture.path("in.xyz"))
    let labelled = try ExtendedXYZ.read(fixture.url("out.extxyz"))
    #expect(try labelled == frames.map { try StillingerWeber().labelled($0) })
    let stress = try #require(labelled[0].stress)
    #expect(try fixture.text("out.extxyz").contains("stress=\"\(stress.a.x) \(stress.a.y)"))
    #expect(abs(stress.trace + labelled[0].virial!.trace / (5.5 * 5.5 * 5.5)) < 1e-12)
  }

  @Test func jsonHoldsTheSame() throws {
    let fixture = try ProgramFixture()
    var molecule = try silicon()
    molecule.cell = .none
    molecule.name = "a \"quoted\" name"
    try ExtendedXYZ.write([silicon(), molecule], to: fixture.url("in.xyz"))
    try fixture.run(
      Predict.self, "-p", "stillinger-weber", "--output=\(fixture.path("out.json"))",
      fixture.path("in.xyz"))
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let object = try decoder.decode(Predictions.self, from: fixture.bytes("out.json"))
    #expect(object.units == ["length": "angstrom", "energy": "eV", "time": "fs"])
    let expected = try StillingerWeber().labelled(silicon())
    let (first, second) = (object.structures[0], object.structures[1])
    #expect(object.structures.count == 2 && first.energy == expected.energy)
    #expect(first.atomicEnergies == expected.perAtomQuantity)
    #expect(first.forces == expected.forces!.map { [$0.x, $0.y, $0.z] })
    #expect(first.positions == expected.positions.map { [$0.x, $0.y, $0.z] })
    #expect(first.periodic == [true, true, true] && first.species == expected.species)
    #expect(first.latticeVectors == [[5.5, 0, 0], [0, 5.5, 0], [0, 0, 5.5]])
    #expect(first.stress![1][1] == expected.stress!.b.y)
    #expect(second.name == molecule.name && second.stress == nil && second.virial != nil)
    #expect(second.latticeVectors == nil && second.periodic == nil)
  }

  /// The JSON output, key by key.
  private struct Predictions: Decodable {
    struct Prediction: Decodable {
      var name: String
      var species: [String]
      var positions: [[Double]]
      var latticeVectors: [[Double]]?
      var periodic: [Bool]?
      var energy: Double
      var atomicEnergies: [Double]
      var forces: [[Double]]
      var virial: [[Double]]?
      var stress: [[Double]]?
    }
    var units: [String: String]
    var structures: [Prediction]
  }

  @Test func severalFilesInTheirOrder() throws {
    let fixture = try ProgramFixture()
    var example = try silicon(0.4)
    example.energy = 0
    try ExampleFile.write(example, to: fixture.url("b.example"))
    try ExtendedXYZ.write([silicon(), silicon(0.2)], to: fixture.url("a.xyz"))
    try fixture.run(
      Predict.self, "-p", "stillinger-weber", "-o", fixture.path("out.xyz"),
      fixture.path("b.example"), fixture.path("a.xyz"))
    let x = try ExtendedXYZ.read(fixture.url("out.xyz")).map { $0.positions[3].x }
    #expect(try x == [0.4, 0.1, 0.2].map { try silicon($0).positions[3].x })
  }

  @Test(.timeLimit(.minutes(10)), arguments: [1, 2, 3, 4])
  func resultsDoNotDependOnThreads(threads: Int) throws {
    let fixture = try ProgramFixture()
    try fixture.write(GvectCalculatorTests.ini, to: "gvect.ini")
    let parameters = try fixture.descriptors("gvect.ini")
    let model = waterNetworks(describedBy: parameters)
    try model.write(to: fixture.url("networks"))
    let frames = (1...9).map { GvectCalculatorTests.water($0) }
    try ExtendedXYZ.write(frames, to: fixture.url("many.xyz"))
    try ExtendedXYZ.write([frames[0]], to: fixture.url("one.xyz"))
    let potential = try NetworkPotential(model)
    for (name, count) in [("many", 9), ("one", 1)] {
      try fixture.run(
        Predict.self, "-p", fixture.path("networks"), "-t", "\(threads)", "-o",
        fixture.path("out.xyz"), fixture.path("\(name).xyz"))
      let results = try ExtendedXYZ.read(fixture.url("out.xyz"))
      #expect(results.count == count)
      for (result, frame) in zip(results, frames) {
        let expected = try potential.evaluate(frame)
        #expect(result.energy == expected.energy && result.forces == expected.forces)
      }
    }
  }

  @Test func descriptorsFromAFile() throws {
    let fixture = try ProgramFixture()
    try fixture.write(GvectCalculatorTests.ini, to: "gvect.ini")
    try fixture.write(GvectCalculatorTests.ini.replacing("zeta = 8", with: "zeta = 9"), to: "9.ini")
    try fixture.write(
      GvectCalculatorTests.ini.replacing("ThetasN = 4", with: "ThetasN = 5"), to: "wrong.ini")
    try waterNetworks(describedBy: nil).write(to: fixture.url("networks"))
    try ExtendedXYZ.write([GvectCalculatorTests.water(1)], to: fixture.url("in.xyz"))
    func energy(_ descriptors: String...) throws -> Double? {
      let arguments =
        ["-p", fixture.path("networks"), "-o", fixture.path("out.xyz"), fixture.path("in.xyz")]
        + descriptors.flatMap { ["--descriptors", fixture.path($0)] }
      try Predict.run(Predict.options.parse(arguments))
      return try ExtendedXYZ.read(fixture.url("out.xyz"))[0].energy
    }
    #expect(try energy("gvect.ini") != energy("9.ini"))
    #expect(
      fixture.message { _ = try energy() }
        == "networks: the networks do not say how their descriptors are made (gvect_params): name a"
        + " descriptor file with --descriptors")
    #expect(
      fixture.message { _ = try energy("wrong.ini") }
        == "wrong.ini: the descriptors have 38 components, the networks take 32")
  }

  @Test(arguments: [
    (
      ["-p", "lennard-jones", "a.xyz"],
      "--potential lennard-jones: expected stillinger-weber or a folder of saved networks"
    ),
    (["-p", "stillinger-weber"], "which structures? Name *.xyz, *.extxyz or *.example files"),
    (
      ["-p", "stillinger-weber", "-t", "-1", "a.xyz"],
      "--threads -1: expected a whole number from 0 to 1024"
    ),
    (
      ["-p", "stillinger-weber", "-o", "a.cif", "a.xyz"],
      "--output a.cif: expected a name that ends in .xyz, .extxyz or .json"
    ),
    (
      ["-p", "stillinger-weber", "--descriptors", "g.ini", "a.xyz"],
      "--descriptors g.ini: stillinger-weber takes no descriptors"
    ),
    (["a.xyz"], "-p, --potential NAME is missing"),
  ]) func wrongUsage(arguments: [String], message: String) throws {
    let error = #expect(throws: UsageError.self) {
      try Predict.run(Predict.options.parse(arguments))
    }
    #expect(error?.message == message)
  }

  @Test func wrongFilesAreNamed() throws {
    let fixture = try ProgramFixture()
    try fixture.write("1\n\nSi 0 0\n", to: "short.xyz")
    try fixture.write("2\n\nSi 0 0 0\nGe 2 0 0\n", to: "germanium.xyz")
    try fixture.write("3\n\nSi 0 0 0\nSi 2 0 0\nSi 0 0 0\n", to: "twins.xyz")
    try fixture.write("", to: "a.cif")
    func message(_ name: String) -> String {
      fixture.message {
        try fixture.run(
          Predict.self, "-p", "stillinger-weber", "-o", fixture.path("out.xyz"),
          fixture.path(name))
      }
    }
    #expect(message("short.xyz") == "short.xyz:3: atom 1: found 3 columns; allowed: 4 columns")
    #expect(
      message("germanium.xyz")
        == "germanium.xyz: species of atom 2 of germanium: found \"Ge\"; allowed: Si")
    #expect(
      message("twins.xyz")
        == "twins.xyz: position of atom 1 of twins: found the place of atom 3; allowed: a place of its own"
    )
    #expect(
      message("a.cif") == "a.cif: extension: found \".cif\"; allowed: .xyz, .extxyz, .example")
    #expect(!fixture.exists("out.xyz"))
  }

  /// Whatever the same file is called.
  @Test func whatIsReadIsNotReplaced() throws {
    let fixture = try ProgramFixture()
    try ExtendedXYZ.write([silicon()], to: fixture.url("in.xyz"))
    try FileManager.default.createSymbolicLink(
      at: fixture.url("link.xyz"), withDestinationURL: fixture.url("in.xyz"))
    let before = try fixture.bytes("in.xyz")
    for name in ["in.xyz", "./in.xyz", "link.xyz"] {
      #expect(
        fixture.message {
          try fixture.run(
            Predict.self, "-p", "stillinger-weber", "-o", fixture.path(name), fixture.path("in.xyz")
          )
        } == "--output \(name): in.xyz is read and would be lost: name another place to write to")
    }
    #expect(try fixture.bytes("in.xyz") == before)
    try fixture.write("", to: "out.xyz/file")
    #expect(
      fixture.message {
        try fixture.run(
          Predict.self, "-p", "stillinger-weber", "-o", fixture.path("out.xyz"),
          fixture.path("in.xyz"))
      } == "out.xyz: is a folder, not a file")
  }

  @Test func errorsAgainstReferences() throws {
    var (one, two) = (try silicon(), try silicon(0.2))
    let labelled = try [one, two].map { try StillingerWeber().labelled($0) }
    one.energy = labelled[0].energy! + 0.08
    two.forces = labelled[1].forces!.map { $0 + [0.1, 0, 0] }
    let summary = Predict.errors(of: labelled, against: [one, two])
    #expect(summary.structures == 1 && abs(summary.energyRMSE - 0.01) < 1e-12)
    #expect(summary.forceComponents == 24)
    #expect(abs(summary.forceRMSE! - 0.1 / 3.0.squareRoot()) < 1e-12)
    #expect(abs(summary.largestForceError - 0.1) < 1e-12)
  }

  /// Labels of another program: energies to 1.2e-4 eV, forces to the sixth digit of the positions.
  @Test(.enabled(if: Golden.isPresent, "reference data absent"), .timeLimit(.minutes(10)))
  func labelsOfAnotherProgram() throws {
    let fixture = try ProgramFixture()
    let folder = Golden.url("silicon/kliff_sw_varying_alat")
    let files = try FileManager.default.contentsOfDirectory(
      at: folder, includingPropertiesForKeys: nil
    ).filter { $0.pathExtension == "xyz" }.sorted { $0.path < $1.path }
    #expect(files.count == 400)
    let arguments =
      ["-p", "stillinger-weber", "-t", "2", "-o", fixture.path("out.xyz")] + files.map(\.path)
    try Predict.run(Predict.options.parse(arguments))
    let labelled = try ExtendedXYZ.read(fixture.url("out.xyz"))
    let references = try files.map { try ExtendedXYZ.read($0)[0] }
    for (structure, reference) in zip(labelled, references) {
      #expect(abs(structure.energy! - reference.energy!) < 1.2e-4)
    }
    #expect(Predict.errors(of: labelled, against: references).forceRMSE! < 5e-4)
  }
}
