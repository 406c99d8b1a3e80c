import AtomicNetworks
import Dataflow
import Foundation
import ProgramSupport
import TestSupport
import Testing

@testable import panna

/// What networks a training begins with, saved ones and new ones.
@Suite struct NetworkConfigurationTests {
  private func configuration(_ text: String) throws -> NetworkConfiguration {
    try NetworkConfiguration(IniFile(text: text, path: "train.ini"), seed: 0)
  }

  private func message(_ text: String) -> String {
    let error = #expect(throws: UsageError.self) { try configuration(text) }
    return error?.message ?? ""
  }

  /// A folder of networks of H, 4:3:1, and O, 4:1, that were trained on energies twice as large.
  private func saved(energyRescale: Double = 2) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    var model = try configuration(
      """
      [DATA_INFORMATION]
      atomic_sequence = H, O
      [DEFAULT_NETWORK]
      g_size = 4
      architecture = 3:1
      [O]
      architecture = 1
      """
    ).model
    model.energyRescale = energyRescale
    try model.write(to: folder.url)
    return folder
  }

  private func flags(_ network: SpeciesNetwork) -> String {
    network.layers.map { "\($0.activation.spellings[0])\($0.isTrainable ? "" : " kept")" }
      .joined(separator: ", ")
  }

  @Test func savedNetworksKeepTheirRescaling() throws {
    let folder = try saved()
    let networks = "[DEFAULT_NETWORK]\nnetworks_metadata = \(folder.url.path)\n"
    #expect(try configuration(networks).model.energyRescale == 2)
    let same = "[DATA_INFORMATION]\nenergy_rescale = 2.0\n"
    #expect(try configuration(networks + same).model.energyRescale == 2)
    #expect(
      message(networks + "[DATA_INFORMATION]\nenergy_rescale = 1\n")
        == "train.ini:4: [DATA_INFORMATION] energy_rescale = 1: expected 2.0, as the saved networks have it"
    )
  }

  /// As those of the original, whose files do not say it.
  @Test func savedNetworksWithoutRescalingTakeWhatIsSaid() throws {
    let folder = try saved(energyRescale: 1)
    let networks = "[DEFAULT_NETWORK]\nnetworks_metadata = \(folder.url.path)\n"
    let said = "[DATA_INFORMATION]\nenergy_rescale = 0.5\n"
    #expect(
      message(networks + said).hasSuffix("expected 1.0, as the saved networks have it"))
    let file = folder.file("networks_metadata.json")
    let text = try String(contentsOf: file, encoding: .utf8)
    let unknown = text.replacing("  \"energy_rescale\" : 1,\n", with: "")
    #expect(unknown != text)
    try Data(unknown.utf8).write(to: file)
    #expect(try configuration(networks).model.energyRescale == 1)
    #expect(try configuration(networks + said).model.energyRescale == 0.5)
    // What nobody knows stays unknown in a copy.
    try NetworkModel(folder: folder.url).write(to: folder.url)
    #expect(try String(contentsOf: file, encoding: .utf8) == unknown)
  }

  /// The default's activations are those of new networks; its flags say which layers are trained.
  @Test func savedNetworksTakeTheDefaultsTrainableLayers() throws {
    let folder = try saved()
    let networks =
      "[DEFAULT_NETWORK]\nnetworks_metadata = \(folder.url.path)\nactivations = tanh:linear\n"
      + "trainable = 0:1\n"
    let own = "[O]\nactivations = relu\ntrainable = 1\n"
    let found = try configuration(networks + own).model.networks
    #expect(found.map(flags) == ["gaussian kept, linear", "relu"])
    // They do not fit O, whose layers are other than those of the default.
    let layers = networks + "architecture = 3:1\n"
    #expect(
      try configuration(layers).model.networks.map(flags) == ["gaussian kept, linear", "linear"])
    // Of a network all of whose layers are new nothing is kept.
    #expect(
      try configuration(layers + "[H]\nbehavior = new:new\n").model.networks.map(flags)
        == ["tanh kept, linear", "linear"])
    let more = "[DATA_INFORMATION]\natomic_sequence = H, O, C\n[C]\ng_size = 4\n"
    #expect(
      try configuration(layers + more).model.networks.map(flags)
        == ["gaussian kept, linear", "linear", "tanh kept, linear"])
    #expect(
      try found.map(\.layers[0].weights)
        == NetworkModel(folder: folder.url).networks.map(\.layers[0].weights))
    #expect(
      message(networks)
        == "train.ini:4: [DEFAULT_NETWORK] trainable = 0:1: expected 1 truth values, one for each layer of O"
    )
    // A section that says the layers says their flags.
    #expect(
      try configuration(networks + "[O]\narchitecture = 1\n").model.networks.map(flags)
        == ["gaussian kept, linear", "linear"])
  }

  /// In a network that is built anew as well, whatever others have.
  @Test func keptLayersKeepTheirActivations() throws {
    let folder = try saved()
    var model = try NetworkModel(folder: folder.url)
    model.networks[0].layers[0].activation = .tanh
    try model.write(to: folder.url)
    let networks =
      "[DEFAULT_NETWORK]\nnetworks_metadata = \(folder.url.path)\n[H]\nbehavior = keep:new:new\n"
    func layers(_ more: String) throws -> String {
      flags(try configuration(networks + more).model.networks[0])
    }
    #expect(try layers("architecture = 3:2:1\n") == "tanh, gaussian, linear")
    #expect(
      try layers("architecture = 3:2:1\nactivations = relu:tanh:linear\n") == "relu, tanh, linear")
    // Nor does the default's section say what theirs are.
    let inherited = networks.replacing(
      "[H]\nbehavior = keep:new:new",
      with: "architecture = 3:1\nactivations = relu:tanh\n[H]\nbehavior = new:keep")
    #expect(
      try flags(configuration(inherited + "g_size = 5\n").model.networks[0]) == "relu, linear")
  }

  @Test func sectionsWithoutLayersInheritFlags() throws {
    let text = """
      [DATA_INFORMATION]
      atomic_sequence = H, O, C
      [DEFAULT_NETWORK]
      g_size = 4
      architecture = 3:1
      activations = tanh:linear
      trainable = 0:1
      [H]
      g_size = 4
      [O]
      g_size = 4
      trainable = 1:1
      [C]
      architecture = 2:2:1
      """
    #expect(
      try configuration(text).model.networks.map(flags)
        == ["tanh kept, linear", "tanh, linear", "gaussian, gaussian, linear"])
  }

  @Test func textsHaveNoFlags() throws {
    let folder = try TemporaryFolder()
    let graphs = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Graphs").path
    let model = try configuration(
      """
      [DATA_INFORMATION]
      atomic_sequence = H
      [DEFAULT_NETWORK]
      g_size = 4
      graph = \(graphs)/network.graph
      """
    ).model
    try model.write(to: folder.url)
    let networks = "[DEFAULT_NETWORK]\nnetworks_metadata = \(folder.url.path)\n"
    #expect(
      message(networks + "trainable = 1:1\n")
        == "train.ini:3: [DEFAULT_NETWORK] trainable = 1:1: expected no such key: the network of H is"
        + " a text, which says all of that")
    let kept = try configuration(networks + "activations = tanh:linear\n").model.networks
    #expect(kept == model.networks)
  }
}
