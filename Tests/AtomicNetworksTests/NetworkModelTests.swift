import Atomistics
import Dataflow
import Foundation
import TestSupport
import Testing

@testable import AtomicNetworks

@Suite struct NetworkModelTests {
  @Test func aFolderKeepsEverything() throws {
    let folder = try TemporaryFolder()
    var model = Fixtures.model(.tanh)
    model.energyRescale = 0.5
    model.networks[1].layers[0].isTrainable = false
    try model.write(to: folder.url)
    #expect(try NetworkModel(folder: folder.url) == model)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
    #expect(names.contains("species_H_layer_0_weights_18x5.npy"))
    #expect(names.contains("species_O_layer_2_biases_1.npy"))
    #expect(names.count == 13)
  }

  /// A folder that says nothing of it is another program's, or an older one; it is not known better in a copy.
  @Test(arguments: NetworkModel.FolderVersion.allCases)
  func aFolderKeepsPeriodicity(version: NetworkModel.FolderVersion) throws {
    let folder = try TemporaryFolder()
    var model = Fixtures.model()
    try model.write(to: folder.url, version: version)
    let metadata = folder.file("networks_metadata.json")
    #expect(try NetworkModel(folder: folder.url) == model)
    let all = try String(contentsOf: metadata, encoding: .utf8)
    let entry = /"pbc" : \[\s*true,\s*true,\s*true\s*\],/
    #expect(all.contains(entry))
    try Data(all.replacing(entry, with: "").utf8).write(to: metadata)
    let unrecorded = try NetworkModel(folder: folder.url)
    #expect(unrecorded.assumesPeriodicity && unrecorded.descriptors == model.descriptors)
    try unrecorded.write(to: folder.url, version: version)
    #expect(try NetworkModel(folder: folder.url) == unrecorded)
    model.descriptors?.periodic = [false, true, false]
    try model.write(to: folder.url, version: version)
    #expect(try NetworkModel(folder: folder.url) == model)
    let text = try String(contentsOf: metadata, encoding: .utf8)
    let flags = /"pbc" : \[\s*false,\s*true,\s*false\s*\]/
    #expect(text.contains(flags))
    try Data(text.replacing(flags, with: "\"pbc\" : [false]").utf8).write(to: metadata)
    let error = #expect(throws: NetworkError.self) { try NetworkModel(folder: folder.url) }
    #expect(error?.message == "gvect_params: pbc has 1 flags; allowed: 3")
  }

  @Test func periodicityIsNoSecret() throws {
    var (all, some) = (Fixtures.model(), Fixtures.model())
    some.descriptors?.periodic = [true, true, false]
    #expect(
      some.conflict(with: all.descriptors!)
        == "the networks take other descriptors: pbc is True, True, False there, True, True, True here"
    )
    #expect(
      all.conflict(with: some.descriptors!)
        == "the networks take other descriptors: pbc is True, True, True there, True, True, False here"
    )
    // Networks of other programs do not record it.
    all.assumesPeriodicity = true
    try all.describe(by: some.descriptors!)
    #expect(all == some)
  }

  /// Lists and grids that give the same numbers are the same descriptors; others are called as in descriptor files.
  @Test func descriptorsAreComparedByWhatTheyAre() {
    func difference(
      _ change: (inout DescriptorParameters) -> Void, to old: DescriptorParameters
    ) -> String? {
      var new = old
      change(&new)
      let difference = DescriptorSettings.modified(old).difference(from: .modified(new))
      return difference.map { "\($0.name) \($0.own) -> \($0.other)" }
    }
    let grid = Fixtures.descriptors
    #expect(difference({ $0.lists.radialEtas = [4, 4, 4.000001] }, to: grid) == nil)
    #expect(difference({ $0.lists.zetas = [4, 4.001] }, to: grid) == "zeta 4.0 -> 4.0, 4.001")
    #expect(difference({ $0.lists.angularEtas = [3, 3] }, to: grid) == "eta_ang 2.0 -> 3.0")
    #expect(difference({ $0.lists.radialCentres = [0.5, 1.5, 2.5] }, to: grid) == nil)
    #expect(
      difference({ $0.lists.radialCentres = [0.5, 1.5, 2.6] }, to: grid)
        == "Rs_rad_list 0.5, 1.5, 2.5 -> 0.5, 1.5, 2.6")
    #expect(difference({ $0.radialStart = 0.25 }, to: grid) == "Rs0_rad 0.5 -> 0.25")
    #expect(difference({ $0.angularCount = 3 }, to: grid) == "RsN_ang 2.0 -> 3.0")
    var listed = grid
    listed.lists.radialCentres = [0.5, 0.9, 2.25]
    listed.lists.angles = [.pi / 6, .pi / 2]
    #expect(difference({ ($0.radialStart, $0.radialEta) = (2, 4.000001) }, to: listed) == nil)
    #expect(
      difference({ $0.lists.angles![0] = .pi / 4 }, to: listed)
        == "Thetas_list 30.0, 90.0 -> 45.0, 90.0")
  }

  @Test func damageIsNamed() throws {
    let folder = try TemporaryFolder()
    try Fixtures.model().write(to: folder.url)
    let metadata = folder.url.appendingPathComponent("networks_metadata.json")
    let text = try String(contentsOf: metadata, encoding: .utf8)
    func message(_ changed: String) throws -> String {
      try Data(changed.utf8).write(to: metadata)
      do {
        _ = try NetworkModel(folder: folder.url)
        return ""
      } catch { return "\(error)".replacingOccurrences(of: folder.url.path, with: "") }
    }
    #expect(
      try message(text.replacingOccurrences(of: "networks_offset", with: "offsets"))
        == "/networks_metadata.json: the key networks_offset is missing")
    #expect(
      try message(text.replacingOccurrences(of: "\"RsN_rad\" : 3", with: "\"RsN_rad\" : 4"))
        == "/networks_metadata.json: gvect_params: Rsst_rad = 1.0, but start, cutoff and count give"
        + " 0.75")
    for (key, value) in [("RsN_rad", "3"), ("RsN_ang", "2"), ("ThetasN", "2")] {
      for wrong in ["-6", "0", "10001", "4611686018427387904", "9223372036854775807"] {
        #expect(
          try message(text.replacing("\"\(key)\" : \(value)", with: "\"\(key)\" : \(wrong)"))
            == "/networks_metadata.json: gvect_params: \(key) = \(wrong); allowed: 1 to 10000")
      }
    }
    #expect(
      try message(text.replacing("\"Rc_rad\" : 3.5", with: "\"Rc_rad\" : -3.5"))
        == "/networks_metadata.json: gvect_params: Rc_rad: found -3.5; allowed: positive numbers")
    // The same with the numbers that follow from the count as a list, and of the other descriptors.
    for other in ["\"Thetas\" : [1, 2], \"ThetasN\" : -4", "\"type\" : \"BP\", \"ThetasN\" : -4"] {
      #expect(
        try message(text.replacing("\"ThetasN\" : 2", with: other))
          == "/networks_metadata.json: gvect_params: ThetasN = -4; allowed: 1 to 10000")
    }
    for wrong in ["-144", "0", "4611686018427387904"] {
      #expect(
        try message(
          text.replacing(/"networks_feature_size" : \[\s*18/) { "\(Self.key($0.output))\(wrong)" })
          == "/networks_metadata.json: species H: feature size \(wrong); allowed: 1 to 100000")
    }
    #expect(
      try message(
        text.replacing(/"networks_layers_size" : \[\s*\[\s*5/) { "\(Self.key($0.output))-3" })
        == "/networks_metadata.json: species H: sizes [-3, 4, 1], 3 activations, 3 trainable flags and 3 pairs"
        + " of files do not fit; the last size must be 1, the others from 1 to 100000")
    for wrong in ["0", "-1"] {
      #expect(
        try message("{\"energy_rescale\" : \(wrong)," + text.dropFirst())
          == "/networks_metadata.json: energy_rescale = \(Double(wrong)!); allowed: numbers above 0"
      )
    }
    #expect(try message(text) == "")
    try FileManager.default.removeItem(
      at: folder.url.appendingPathComponent("species_H_layer_0_biases_5.npy"))
    #expect(try message(text).contains("species_H_layer_0_biases_5.npy"))
    try FileManager.default.removeItem(at: metadata)
    #expect(throws: NetworkError.self) { try NetworkModel(folder: folder.url) }
  }

  /// What stands before the number at the end.
  private static func key(_ text: Substring) -> String {
    String(text.reversed().drop { $0.isNumber }.reversed())
  }

  @Test func batchesDoNotChangeWhatNetworksSay() throws {
    let structures = try Fixtures.structures(6)
    let evaluator = try Evaluator(Fixtures.model(), computesForces: true)
    let together = try evaluator.evaluate(structures)
    for (structure, expected) in zip(structures, together) {
      let alone = try evaluator.evaluate([structure])[0]
      #expect(abs(alone.energy - expected.energy) < 1e-12)
      for (x, y) in zip(alone.forces!, expected.forces!) { #expect(abs(x - y) < 1e-12) }
    }
  }

  /// A saved network of the original program, its energies without offsets.
  @Test(.enabled(if: Golden.isPresent, "reference data absent"))
  func energiesOfTheOriginal() throws {
    let folder = Golden.url("panna/tests/evaluation/test_1")
    let model = try NetworkModel(folder: folder.appendingPathComponent("saved_networks"))
    let files = try DescribedStructureFile.files(in: folder.appendingPathComponent("evaluate_data"))
    let evaluator = try Evaluator(model, computesForces: false, addsOffsets: false)
    let energies = try evaluator.evaluate(try files.flatMap(DescribedStructureFile.read))
      .map(\.energy).sorted()
    for (found, expected) in zip(energies, [-9.42446958788558, -9.037636215782056]) {
      #expect(abs(found - expected) <= 1e-7 * abs(expected))
    }
    #expect(energies.count == 2)
  }
}
