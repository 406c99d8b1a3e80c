import AtomicNetworks
import Dataflow
import Foundation
import ProgramSupport

/// The networks that a training configuration asks for: `[DEFAULT_NETWORK]`, one section a species,
/// and saved networks to begin with.
struct NetworkConfiguration {
  static let speciesKeys = [
    "nn_type", "g_size", "architecture", "trainable", "activations", "output_offset",
  ]
  static let defaultKeys = [
    "nn_type", "g_size", "architecture", "trainable", "activations", "networks_metadata",
  ]

  /// The networks in the order of the species' indices.
  let model: NetworkModel
  var species: [String] { model.networks.map(\.symbol) }

  init(_ file: IniFile, seed: UInt64) throws {
    let data = file.optionalSection("DATA_INFORMATION")
    let defaults = file.optionalSection("DEFAULT_NETWORK")
    let saved =
      try defaults.has("networks_metadata")
      ? NetworkModel(folder: defaults.url("networks_metadata")) : nil
    let sequence = try data.strings(
      "atomic_sequence", default: saved.map { $0.networks.map(\.symbol) })
    guard Set(sequence).count == sequence.count else {
      throw data.error("atomic_sequence", "every species once")
    }
    guard try data.string("scaffold_type", default: "PANNA") == "PANNA" else {
      throw data.error("scaffold_type", "PANNA")
    }
    let offsets = try Self.offsets(data, count: sequence.count)
    let networks = try sequence.enumerated().map { index, symbol in
      try Self.network(
        symbol, file.optionalSection(symbol), defaults, offset: offsets?[index],
        saved: saved?.networks.first { $0.symbol == symbol }, seed: seed, index: index)
    }
    model = NetworkModel(
      networks: networks, descriptors: saved?.descriptors,
      energyRescale: try data.double("energy_rescale", default: 1, above: 0))
  }

  private static func offsets(_ data: IniSection, count: Int) throws -> [Double]? {
    guard data.has("output_offset") else { return nil }
    let offsets = try data.doubles("output_offset")
    guard offsets.count == count else {
      throw data.error("output_offset", "\(count) numbers, one for each of atomic_sequence")
    }
    return offsets
  }

  /// A species' network: the saved one with what its section changes, or a new one.
  private static func network(
    _ symbol: String, _ section: IniSection, _ defaults: IniSection, offset: Double?,
    saved: SpeciesNetwork?, seed: UInt64, index: Int
  ) throws -> SpeciesNetwork {
    let own = try LayerSettings(section)
    var network: SpeciesNetwork
    if let saved, own.fits(saved) {
      network = saved
      network.offset = offset ?? saved.offset
    } else {
      let common = try LayerSettings(defaults)
      // A section with sizes of its own does not inherit the default's flags, whose number would not fit.
      network =
        try own.isNewShape
        ? own.withSizes(from: common).network(symbol, section, seed: seed, index: index)
        : common.network(symbol, defaults, seed: seed, index: index)
      network.offset = offset ?? 0
    }
    try own.apply(to: &network, section)
    if section.has("output_offset") { network.offset = try section.double("output_offset") }
    return network
  }
}

/// What a section says of a network's layers.
private struct LayerSettings {
  var featureSize: Int?
  var sizes: [Int]?
  var trainable: [Bool]?
  var activations: [Activation]?

  private static let types = ["a2aff", "A2AFF", "ff", "a2a", "FF", "A2A"]

  init(_ section: IniSection) throws {
    let type = try section.string("nn_type", default: "a2aff")
    guard Self.types.contains(type) else {
      throw section.error("nn_type", "one of \(Self.types.joined(separator: ", "))")
    }
    if section.has("g_size") { featureSize = try section.int("g_size", in: 1...Int.max) }
    if section.has("architecture") {
      let sizes = try section.colonInts("architecture")
      guard sizes.allSatisfy({ $0 > 0 }), sizes.last == 1 else {
        throw section.error("architecture", "positive sizes separated by \":\", the last one 1")
      }
      self.sizes = sizes
    }
    if section.has("trainable") { trainable = try section.colonBools("trainable") }
    if section.has("activations") {
      activations = try section.strings("activations", separator: ":").map { name in
        guard let activation = Activation(spelling: name) else {
          let names = Activation.allCases.map { $0.spellings[0] }.joined(separator: ", ")
          throw section.error("activations", "names separated by \":\", each one of \(names)")
        }
        return activation
      }
    }
  }

  /// Whether the section asks for other sizes than it inherits.
  var isNewShape: Bool { sizes != nil || featureSize != nil }

  func fits(_ saved: SpeciesNetwork) -> Bool {
    (sizes ?? saved.layers.map(\.outputSize)) == saved.layers.map(\.outputSize)
      && (featureSize ?? saved.featureSize) == saved.featureSize
  }

  func withSizes(from common: LayerSettings) -> LayerSettings {
    var result = self
    result.featureSize = featureSize ?? common.featureSize
    result.sizes = sizes ?? common.sizes
    return result
  }

  /// A new network.
  func network(
    _ symbol: String, _ section: IniSection, seed: UInt64, index: Int
  ) throws -> SpeciesNetwork {
    guard let featureSize else { throw section.error("g_size", "the descriptors' size") }
    guard let sizes else { throw section.error("architecture", "layer sizes such as 64:32:1") }
    var generator = PhiloxGenerator(seed: seed, stream: 1 << 32 | UInt64(index))
    var input = featureSize
    let layers = sizes.enumerated().map { layer, size in
      defer { input = size }
      return SpeciesNetwork.Layer(
        random: input, to: size, activation: layer == sizes.count - 1 ? .linear : .gaussian,
        using: &generator)
    }
    var network = SpeciesNetwork(symbol: symbol, layers: layers, offset: 0)
    try apply(to: &network, section)
    return network
  }

  /// Sets what can be changed without new parameters.
  func apply(to network: inout SpeciesNetwork, _ section: IniSection) throws {
    let count = network.layers.count
    if let trainable {
      guard trainable.count == count else {
        throw section.error("trainable", "\(count) truth values, one for each layer")
      }
      for layer in 0..<count { network.layers[layer].isTrainable = trainable[layer] }
    }
    if let activations {
      guard activations.count == count else {
        throw section.error("activations", "\(count) names, one for each layer")
      }
      for layer in 0..<count { network.layers[layer].activation = activations[layer] }
    }
  }
}
