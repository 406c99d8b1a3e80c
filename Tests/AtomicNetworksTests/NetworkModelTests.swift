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
    #expect(try message(text) == "")
    try FileManager.default.removeItem(
      at: folder.url.appendingPathComponent("species_H_layer_0_biases_5.npy"))
    #expect(try message(text).contains("species_H_layer_0_biases_5.npy"))
    try FileManager.default.removeItem(at: metadata)
    #expect(throws: NetworkError.self) { try NetworkModel(folder: folder.url) }
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
