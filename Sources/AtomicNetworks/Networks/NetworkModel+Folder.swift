import Atomistics
import Dataflow
import Foundation

extension NetworkModel {
  static let metadataName = "networks_metadata.json"

  /// Reads a folder of saved networks: `networks_metadata.json` and the NumPy files it names.
  ///
  /// - Throws: `NetworkError` that names the file and what does not fit.
  public init(folder: URL) throws {
    let file = folder.appendingPathComponent(Self.metadataName)
    guard let data = FileManager.default.contents(atPath: file.path) else {
      throw NetworkError(
        file: file.path, "cannot be read; a folder of saved networks holds it")
    }
    let metadata: NetworkMetadata
    do {
      metadata = try JSONDecoder().decode(NetworkMetadata.self, from: data)
    } catch let error as DecodingError {
      throw NetworkError(file: file.path, error.shortDescription)
    }
    do {
      try self.init(metadata, folder: folder)
    } catch let error as NetworkError where error.file == nil {
      throw NetworkError(file: file.path, error.message)
    }
  }

  private init(_ metadata: NetworkMetadata, folder: URL) throws {
    let species = metadata.species
    let counts: [(String, Int)] = [
      ("networks_layers_size", metadata.layerSizes.count),
      ("networks_feature_size", metadata.featureSizes.count),
      ("networks_layers_activation", metadata.activations.count),
      ("networks_layers_trainable", metadata.trainable.count),
      ("networks_offset", metadata.offsets.count),
      ("networks_files", metadata.files.count),
    ]
    for (key, count) in counts where count != species.count {
      throw NetworkError("\(key) has \(count) entries for \(species.count) species")
    }
    networks = try species.indices.map { try Self.network($0, metadata, folder) }
    descriptors = try metadata.descriptors?.parameters(species: species)
    energyRescale = metadata.energyRescale ?? 1
    _ = try descriptorSize()
  }

  private static func network(
    _ index: Int, _ metadata: NetworkMetadata, _ folder: URL
  ) throws -> SpeciesNetwork {
    let symbol = metadata.species[index]
    let sizes = metadata.layerSizes[index]
    let activations = metadata.activations[index]
    let trainable = metadata.trainable[index]
    let files = metadata.files[index]
    guard !sizes.isEmpty, sizes.last == 1, activations.count == sizes.count,
      trainable.count == sizes.count, files.count == sizes.count
    else {
      throw NetworkError(
        "species \(symbol): sizes \(sizes), \(activations.count) activations, \(trainable.count)"
          + " trainable flags and \(files.count) pairs of files do not fit; the last size must be 1"
      )
    }
    var input = metadata.featureSizes[index]
    let layers = try sizes.indices.map { layer in
      defer { input = sizes[layer] }
      guard let activation = Activation(rawValue: activations[layer]) else {
        throw NetworkError(
          "species \(symbol), layer \(layer): activation \(activations[layer]); allowed: 0 to 4")
      }
      guard files[layer].count == 2 else {
        throw NetworkError(
          "species \(symbol), layer \(layer): expected a file of weights and one of biases")
      }
      return SpeciesNetwork.Layer(
        weights: try read(files[layer][0], in: folder, shape: [input, sizes[layer]]),
        biases: try read(files[layer][1], in: folder, shape: [sizes[layer]]),
        activation: activation, isTrainable: trainable[layer].isSet)
    }
    return SpeciesNetwork(
      symbol: symbol, layers: layers, offset: metadata.offsets[index])
  }

  /// Reads an array and checks its shape.
  package static func read(_ name: String, in folder: URL, shape: Shape) throws -> Tensor {
    let file = folder.appendingPathComponent(name)
    let tensor = try NumPyFile.read(file)
    guard tensor.elementType.isFloatingPoint, tensor.shape == shape else {
      throw NetworkError(
        file: file.path, "holds \(tensor.elementType)\(tensor.shape), expected float\(shape)")
    }
    return tensor.converted(to: .float32)
  }

  /// Writes a folder of saved networks, with the original's names; the metadata last, so that a folder
  /// with metadata is complete.
  public func write(to folder: URL) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let files = try networks.map { network in
      try network.layers.enumerated().map { index, layer in
        let stem = "species_\(network.symbol)_layer_\(index)"
        let names = [
          "\(stem)_weights_\(layer.inputSize)x\(layer.outputSize).npy",
          "\(stem)_biases_\(layer.outputSize).npy",
        ]
        for (name, tensor) in zip(names, [layer.weights, layer.biases]) {
          try NumPyFile.write(tensor, to: folder.appendingPathComponent(name))
        }
        return names
      }
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    let data = try encoder.encode(NetworkMetadata(self, files: files))
    try data.write(to: folder.appendingPathComponent(Self.metadataName), options: .atomic)
  }
}

extension NetworkMetadata {
  init(_ model: NetworkModel, files: [[[String]]]) {
    let networks = model.networks
    self.init(
      version: "v0", scaffoldType: "PANNA", types: networks.map { _ in "a2ff" },
      layerSizes: networks.map { $0.layers.map(\.outputSize) },
      featureSizes: networks.map(\.featureSize),
      activations: networks.map { $0.layers.map(\.activation.rawValue) },
      trainable: networks.map { $0.layers.map { Flag($0.isTrainable) } },
      species: networks.map(\.symbol), offsets: networks.map(\.offset),
      files: files, descriptors: model.descriptors.map(GvectParameters.init),
      energyRescale: model.energyRescale == 1 ? nil : model.energyRescale)
  }
}

extension DecodingError {
  /// The key and what is wrong with it, in one line.
  fileprivate var shortDescription: String {
    func path(_ context: Context) -> String {
      context.codingPath.map(\.stringValue).joined(separator: ".")
    }
    switch self {
    case .keyNotFound(let key, _): return "the key \(key.stringValue) is missing"
    case .typeMismatch(let type, let context): return "\(path(context)): expected \(type)"
    case .valueNotFound(let type, let context):
      return "\(path(context)): expected \(type), found null"
    case .dataCorrupted(let context): return "\(path(context)) \(context.debugDescription)"
    @unknown default: return "\(self)"
    }
  }
}
