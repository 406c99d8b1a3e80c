import AtomicNetworks
import Dataflow
import ProgramSupport

/// What a section says of a network's layers.
struct LayerSettings {
  static let keys = [
    "nn_type", "g_size", "architecture", "trainable", "activations", "initialization", "graph",
  ]

  private static let largest = SpeciesNetwork.largestSize

  var featureSize: Int?
  var sizes: [Int]?
  var trainable: [Bool]?
  var activations: [Activation]?
  var initialization: WeightInitialization?
  /// A file in the graph language that says what the network is.
  var graph: GraphSource?

  private static let types = ["a2aff", "A2AFF", "ff", "a2a", "FF", "A2A"]

  init(_ section: IniSection) throws {
    let type = try section.string("nn_type", default: "a2aff")
    guard Self.types.contains(type) else {
      throw section.error("nn_type", "one of \(Self.types.joined(separator: ", "))")
    }
    if section.has("g_size") { featureSize = try section.int("g_size", in: 1...Self.largest) }
    if section.has("architecture") {
      let sizes = try section.colonInts("architecture")
      guard sizes.allSatisfy({ (1...Self.largest).contains($0) }), sizes.last == 1 else {
        throw section.error(
          "architecture",
          "sizes from 1 to \(Self.largest) separated by \":\", the last one 1")
      }
      self.sizes = sizes
    }
    if section.has("trainable") { trainable = try section.colonBools("trainable") }
    if section.has("initialization") { initialization = try section.choice("initialization") }
    graph = try Self.graph(section)
    if section.has("activations") { activations = try Self.activations(section) }
  }

  private static func graph(_ section: IniSection) throws -> GraphSource? {
    guard section.has("graph") else { return nil }
    for key in ["architecture", "trainable", "activations", "initialization", "behavior"]
    where section.has(key) {
      throw section.error(key, "no such key beside graph, which says all of that")
    }
    return try GraphSource(section.url("graph"))
  }

  private static func activations(_ section: IniSection) throws -> [Activation] {
    try section.strings("activations", separator: ":").map { name in
      guard let activation = Activation(spelling: name) else {
        let names = Activation.allCases.map { $0.spellings[0] }.joined(separator: ", ")
        throw section.error("activations", "names separated by \":\", each one of \(names)")
      }
      return activation
    }
  }

  /// Whether the section asks for other sizes than it inherits.
  var isNewShape: Bool { sizes != nil || featureSize != nil || graph != nil }

  /// Whether the section says what the layers are.
  var hasLayers: Bool { sizes != nil || graph != nil }

  func fits(_ saved: SpeciesNetwork) -> Bool {
    graph == nil && (sizes ?? saved.layers.map(\.outputSize)) == saved.layers.map(\.outputSize)
      && (featureSize ?? saved.featureSize) == saved.featureSize
  }

  /// The same with sizes that it does not say from the default's section, or of the saved network.
  func withSizes(from common: LayerSettings, orOf saved: SpeciesNetwork?) -> LayerSettings {
    var result = self
    result.featureSize = featureSize ?? common.featureSize ?? saved?.featureSize
    result.sizes = sizes ?? common.sizes
    if sizes == nil && graph == nil { result.graph = common.graph }
    return result
  }

  /// What it says of layers and another section does not.
  func flags(notIn other: LayerSettings) -> LayerSettings {
    var result = self
    if other.trainable != nil { result.trainable = nil }
    if other.activations != nil { result.activations = nil }
    return result
  }

  /// The keys by which it describes another network than a saved one.
  func differences(from saved: SpeciesNetwork) -> [String] {
    var keys: [String] = []
    if let featureSize, featureSize != saved.featureSize { keys.append("g_size") }
    if let sizes, sizes != saved.layers.map(\.outputSize) { keys.append("architecture") }
    if let activations, activations != saved.layers.map(\.activation) { keys.append("activations") }
    if let graph, graph != saved.graph?.source { keys.append("graph") }
    return keys
  }

  /// What the default's section says to a saved network: which layers are trained. Its activations are those of
  /// new networks, as its architecture is, and so are its flags where they do not fit.
  func flags(forSaved saved: SpeciesNetwork) -> LayerSettings {
    var result = self
    result.activations = nil
    if let trainable, hasLayers, trainable.count != saved.layers.count {
      warn(
        "train: [DEFAULT_NETWORK] trainable is for new networks of \(trainable.count) layers,"
          + " \(saved.symbol) has \(saved.layers.count)")
      result.trainable = nil
    }
    return result
  }

  /// A new network.
  func network(
    _ symbol: String, _ section: IniSection, _ random: RandomLayers
  ) throws -> SpeciesNetwork {
    guard let featureSize else { throw section.error("g_size", "the descriptors' size") }
    if let graph {
      let network = try GraphNetwork(
        source: graph, featureSize: featureSize, seed: random.seed &* 1000 &+ UInt64(random.index))
      return SpeciesNetwork(symbol: symbol, graph: network, offset: 0)
    }
    guard let sizes else { throw section.error("architecture", "layer sizes such as 64:32:1") }
    return SpeciesNetwork(symbol: symbol, layers: random.layers(featureSize, sizes), offset: 0)
  }

  /// Sets what can be changed without new parameters.
  func apply(to network: inout SpeciesNetwork, _ section: IniSection) throws {
    let count = network.layers.count
    if network.graph != nil, trainable != nil || activations != nil {
      throw section.error(
        trainable != nil ? "trainable" : "activations",
        "no such key: the network of \(network.symbol) is a text, which says all of that")
    }
    if let trainable {
      guard trainable.count == count else {
        throw section.error(
          "trainable", "\(count) truth values, one for each layer of \(network.symbol)")
      }
      for layer in 0..<count { network.layers[layer].isTrainable = trainable[layer] }
    }
    if let activations {
      guard activations.count == count else {
        throw section.error(
          "activations", "\(count) names, one for each layer of \(network.symbol)")
      }
      for layer in 0..<count { network.layers[layer].activation = activations[layer] }
    }
  }
}

/// The layers that a species begins with, the same for the same seed.
struct RandomLayers {
  let seed: UInt64
  /// Of the species.
  let index: Int
  /// The original's where nothing is said.
  let initialization: WeightInitialization?

  func layers(_ featureSize: Int, _ sizes: [Int]) -> [SpeciesNetwork.Layer] {
    var generator = PhiloxGenerator(seed: seed, stream: 1 << 32 | UInt64(index))
    var input = featureSize
    return sizes.enumerated().map { layer, size in
      defer { input = size }
      return SpeciesNetwork.Layer(
        random: input, to: size, activation: layer == sizes.count - 1 ? .linear : .gaussian,
        initialization: initialization ?? .original, using: &generator)
    }
  }
}

extension SpeciesNetwork {
  /// As `activations` says them.
  var activationNames: String {
    layers.map { $0.activation.spellings[0] }.joined(separator: ":")
  }
}
