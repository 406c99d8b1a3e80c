import Foundation

/// `networks_metadata.json` of PANNA's second generation ("v1"): one object for each network.
///
/// `trainable` of a network, `gvect_params` and `energy_rescale` are this project's own keys, since nothing
/// else records what they say.
struct NetworkMetadataV1: Codable {
  struct Network: Codable {
    var name: String
    var type: String?
    var featureSize: Int
    var layerSizes: [Int]
    var activations: [Int]
    /// Absent where all layers are.
    var trainable: [NetworkMetadata.Flag]?
    var offset: Double

    enum CodingKeys: String, CodingKey {
      case name, offset, type, activations, trainable
      case featureSize = "feature_size"
      case layerSizes = "layers"
    }
  }

  static let name = "v1"

  var version: String
  var scaffoldType: String?
  var species: [String]
  var networks: [Network]
  var descriptors: GvectParameters?
  var energyRescale: Double?

  enum CodingKeys: String, CodingKey {
    case version, networks
    case scaffoldType = "scaffold_type"
    case species = "networks_species"
    case descriptors = "gvect_params"
    case energyRescale = "energy_rescale"
  }

  /// The files that belong to a network: weights and biases of each layer.
  static func files(_ symbol: String, layers: Int) -> [[String]] {
    (0..<layers).map { ["\(symbol)_l\($0)_w.npy", "\(symbol)_l\($0)_b.npy"] }
  }

  init(_ metadata: NetworkMetadata) {
    version = Self.name
    scaffoldType = metadata.scaffoldType
    species = metadata.species
    networks = metadata.species.indices.map { index in
      Network(
        name: metadata.species[index], type: metadata.types?[index],
        featureSize: metadata.featureSizes[index], layerSizes: metadata.layerSizes[index],
        activations: metadata.activations[index],
        trainable: metadata.trainable[index].allSatisfy(\.isSet) ? nil : metadata.trainable[index],
        offset: metadata.offsets[index])
    }
    descriptors = metadata.descriptors
    energyRescale = metadata.energyRescale
  }

  /// The same in the first generation's form.
  ///
  /// - Throws: `NetworkError` where the list of species and the networks' names differ.
  func firstGeneration() throws -> NetworkMetadata {
    guard networks.map(\.name) == species else {
      throw NetworkError(
        "networks_species are \(species.joined(separator: ", ")), but the networks are for"
          + " \(networks.map(\.name).joined(separator: ", "))")
    }
    return NetworkMetadata(
      version: "v0", scaffoldType: scaffoldType, types: networks.map { $0.type ?? "a2ff" },
      layerSizes: networks.map(\.layerSizes), featureSizes: networks.map(\.featureSize),
      activations: networks.map(\.activations),
      trainable: networks.map { network in
        network.trainable ?? network.layerSizes.map { _ in NetworkMetadata.Flag(true) }
      },
      species: species, offsets: networks.map(\.offset),
      files: networks.map { Self.files($0.name, layers: $0.layerSizes.count) },
      descriptors: descriptors, energyRescale: energyRescale)
  }
}

extension NetworkMetadata {
  /// Reads the metadata of either generation.
  static func read(_ data: Data) throws -> NetworkMetadata {
    struct Version: Decodable {
      var version: String?
    }
    let decoder = JSONDecoder()
    guard try decoder.decode(Version.self, from: data).version == NetworkMetadataV1.name else {
      return try decoder.decode(NetworkMetadata.self, from: data)
    }
    return try decoder.decode(NetworkMetadataV1.self, from: data).firstGeneration()
  }
}
