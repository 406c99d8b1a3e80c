import AtomicNetworks
import Atomistics
import Dataflow
import Foundation
import TestSupport
import Testing

@testable import ProgramSupport
@testable import panna

/// Descriptors of two species in five parts, from structures to networks that learned forces.
@Suite(.timeLimit(.minutes(10))) struct DerivativePartsProgramTests {
  private static let descriptors = TrainingWorkspace.descriptorSections
    .replacing(
      "species = H, O",
      with: "species = H, O\ninclude_derivatives = True\nsparse_derivatives = True"
    )
    .replacing("RsN_rad = 3", with: "RsN_rad = 8").replacing("ThetasN = 2", with: "ThetasN = 4")

  private func fixture() throws -> ProgramFixture {
    let fixture = try ProgramFixture(
      examples: TrainingWorkspace.structures(6), descriptors: Self.descriptors,
      packing: "[CONTENT_INFORMATION]\ninclude_derivatives = True",
      training: "batch_size = 3\nmax_steps = 6\nforces_cost = 0.5",
      descriptorSize: 40, architecture: "3:1")
    try fixture.run(GvectCalculator.self, config: "gvect.ini")
    return fixture
  }

  private func remove(_ fixture: ProgramFixture, _ names: String...) {
    for name in names { try? FileManager.default.removeItem(at: fixture.url(name)) }
  }

  private func pack(_ fixture: ProgramFixture, _ format: String) throws -> [DescribedStructure] {
    try fixture.run(
      TFRPacker.self, config: "tfr.ini", ["CONTENT_INFORMATION.derivative_format=\(format)"])
    return try DescribedStructureFile.read(fixture.url("data/1-1.tfrecord"))
  }

  /// The parameters that a training ends with.
  private func trained(_ fixture: ProgramFixture, _ form: [String] = []) throws -> [Float] {
    remove(fixture, "train")
    try fixture.run(Train.self, config: "train.ini", form.map { "IO_INFORMATION.\($0)" })
    return try NetworkModel(folder: fixture.url("train/saved_networks")).networks.flatMap {
      $0.layers.flatMap {
        $0.weights.scalars(as: Float.self) + $0.biases.scalars(as: Float.self)
      }
    }
  }

  @Test func allFormsTrainAlike() throws {
    let fixture = try fixture()
    let packed = try pack(fixture, "blocks")
    #expect(packed.count == 6 && packed.allSatisfy { $0.derivatives!.parts == 5 })
    let expected = try trained(fixture)
    for format in ["dense", "sparse"] {
      remove(fixture, "data")
      #expect(try pack(fixture, format).allSatisfy { $0.derivatives!.parts == 1 })
      #expect(try trained(fixture) == expected, "\(format)")
    }
    let bins = ["input_format=single_files", "data_dir=\(fixture.path("bin"))"]
    let examples = [
      "input_format=example", "data_dir=\(fixture.path("examples"))",
      "gvect_ini=\(fixture.path("gvect.ini"))", "descriptor_cache=\(fixture.path("cache"))",
    ]
    // The second time from the cache.
    for form in [bins, examples, examples] {
      #expect(try trained(fixture, form) == expected, "\(form[0])")
    }
  }

  /// Without the record of what the descriptors are nobody knows their parts: the same but for rounding.
  @Test func withoutARecordDescriptorsAreWhole() throws {
    let fixture = try fixture()
    let inParts = try pack(fixture, "blocks")
    let expected = try trained(fixture)
    remove(fixture, "data")
    try FileManager.default.moveItem(
      at: fixture.url("bin/gvect_params.json"), to: fixture.url("record.json"))
    let whole = try pack(fixture, "blocks")
    for (part, whole) in zip(inParts, whole) {
      #expect(whole.derivatives!.parts == 1 && part == whole.cut(into: 5))
    }
    for (a, b) in zip(try trained(fixture), expected) { #expect(abs(a - b) < 1e-4) }
    // What was packed whole is packed again once they are known.
    remove(fixture, "data/gvect_params.json")
    try FileManager.default.moveItem(
      at: fixture.url("record.json"), to: fixture.url("bin/gvect_params.json"))
    #expect(try pack(fixture, "blocks") == inParts)
    let halves = try pack(fixture, "half_blocks")
    #expect(halves.allSatisfy { $0.derivatives!.parts == 5 })
  }
}
