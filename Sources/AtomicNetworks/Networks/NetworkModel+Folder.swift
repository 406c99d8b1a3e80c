import Atomistics
import Dataflow
import Foundation

extension NetworkModel {
  package static let metadataName = "networks_metadata.json"

  /// Reads a folder of saved networks: `networks_metadata.json` and the NumPy files it names.
  ///
  /// - Throws: `NetworkError` that names the file and what does not fit.
  public init(folder: URL) throws {
    let file = folder.appendingPathComponent(Self.metadataName)
    guard let data = FileManager.default.contents(atPath: file.path) else {
      throw NetworkError(
        file: file.path, "cannot be read; a folder of saved networks holds it")
    }
    try self.init(metadata: data, file: file.path) { metadata, parameter, shape in
      let files = metadata.files[parameter.species][parameter.layer]
      guard files.count == (parameter.name == nil ? 2 : 1) else {
        throw NetworkError("\(parameter): expected a file of weights and one of biases")
      }
      let name = files[parameter.kind == .weights ? 0 : 1]
      return try Self.read(name, in: folder, shape: shape)
    }
  }

  /// Networks from metadata, with parameters from wherever they are kept.
  init(
    metadata data: Data, file: String,
    parameters read: (NetworkMetadata, NetworkParameter, Shape) throws -> Tensor
  ) throws {
    do {
      let metadata = try NetworkMetadata.read(data)
      try metadata.checkCounts()
      networks = try metadata.species.indices.map { try metadata.network($0, read) }
      descriptors = try metadata.descriptors?.settings(species: metadata.species)
      energyRescale = metadata.energyRescale ?? 1
      guard energyRescale > 0, energyRescale.isFinite else {
        throw NetworkError("energy_rescale = \(energyRescale); allowed: numbers above 0")
      }
      assumesEnergyRescale = metadata.energyRescale == nil
      assumesEpsilon = metadata.descriptors?.assumesEpsilon ?? false
      assumesPeriodicity = metadata.descriptors?.assumesPeriodicity ?? false
      _ = try descriptorSize()
    } catch let error as DecodingError {
      throw NetworkError(file: file, error.shortDescription)
    } catch let error as NetworkError where error.file == nil {
      throw NetworkError(file: file, error.message)
    } catch let error as AtomisticsError where error.file == nil {
      throw NetworkError(file: file, "gvect_params: \(error)")
    }
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

  /// How a folder of saved networks is written.
  public enum FolderVersion: String, Sendable, CaseIterable {
    /// As the original's first generation does.
    case v0
    /// As its second one does.
    case v1
  }

  /// Writes a folder of saved networks, with the original's names. A folder with metadata holds the arrays that
  /// were written with it, all of them; a writer that is killed may leave one without.
  ///
  /// - Parameter others: further files by their names, which are there with the arrays or not at all.
  public func write(
    to folder: URL, version: FolderVersion = .v0, with others: [String: Data] = [:]
  ) throws {
    let metadata = try metadata(version: version)
    try Folder.make(folder)
    let tensors = networks.flatMap { network in
      network.layers.flatMap { [$0.weights, $0.biases] }
        + (network.graph?.parameters ?? []).map(\.value)
    }
    let names = Array(fileNames(version).joined().joined())
    AtomicFile.removeRemains(
      in: folder, of: Set(names + others.keys + [Self.metadataName]).contains)
    let arrays = zip(names, tensors).map { name, tensor in
      (folder.appendingPathComponent(name), Data(NumPyFile.encode(tensor)))
    }
    let more = others.map { (folder.appendingPathComponent($0.key), $0.value) }
    try AtomicFile.write(
      arrays + more, index: (folder.appendingPathComponent(Self.metadataName), metadata))
  }

  /// For each network and layer its files. No two are the same, on file systems that do not tell capital letters
  /// from small ones either.
  func fileNames(_ version: FolderVersion) -> [[[String]]] {
    var taken: Set<String> = []
    return networks.map { network in
      network.fileNames(version).map { names in
        names.map { name in
          var (free, number) = (name, 1)
          while !taken.insert(free.lowercased()).inserted {
            number += 1
            free = "\(name.dropLast(".npy".count))_\(number).npy"
          }
          return free
        }
      }
    }
  }

  /// The metadata as JSON, with the names of the files that `write(to:)` writes.
  public func metadata(version: FolderVersion = .v0) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    let metadata = NetworkMetadata(self, files: fileNames(version))
    guard version == .v0 || metadata.graphs == nil else {
      throw NetworkError("networks that a text defines have metadata of version v0 only")
    }
    return version == .v0
      ? try encoder.encode(metadata) : try encoder.encode(NetworkMetadataV1(metadata))
  }
}

/// Which of the parameters of some networks.
struct NetworkParameter: CustomStringConvertible {
  enum Kind: String {
    case weights, biases
  }

  let symbol: String
  let species: Int
  let layer: Int
  let kind: Kind
  /// Of a text's variable, which then counts as a layer with weights alone.
  var name: String?

  var description: String { "species \(symbol), layer \(layer), \(kind)" }

  /// The variable's name in graphs and checkpoints.
  var variableName: String {
    name.map { "species_\(symbol)/\($0)" } ?? "species_\(symbol)_layer_\(layer)/\(kind)"
  }
}

extension SpeciesNetwork {
  /// For each layer the files of its weights and biases, as the original names them; two parameters of a text may
  /// have the same.
  fileprivate func fileNames(_ version: NetworkModel.FolderVersion) -> [[String]] {
    if let graph {
      return graph.parameters.map {
        ["species_\(symbol)_\($0.name.replacing("/", with: "_")).npy"]
      }
    }
    if version == .v1 { return NetworkMetadataV1.files(symbol, layers: layers.count) }
    return layers.enumerated().map { index, layer in
      let stem = "species_\(symbol)_layer_\(index)"
      return [
        "\(stem)_weights_\(layer.inputSize)x\(layer.outputSize).npy",
        "\(stem)_biases_\(layer.outputSize).npy",
      ]
    }
  }
}

extension NetworkMetadata {
  fileprivate func checkCounts() throws {
    let counts: [(String, Int)] = [
      ("networks_layers_size", layerSizes.count), ("networks_feature_size", featureSizes.count),
      ("networks_layers_activation", activations.count),
      ("networks_layers_trainable", trainable.count), ("networks_offset", offsets.count),
      ("networks_files", files.count), ("networks_graphs", graphs?.count ?? species.count),
    ]
    for (key, count) in counts where count != species.count {
      throw NetworkError("\(key) has \(count) entries for \(species.count) species")
    }
  }

  fileprivate func network(
    _ index: Int, _ read: (NetworkMetadata, NetworkParameter, Shape) throws -> Tensor
  ) throws -> SpeciesNetwork {
    let (symbol, sizes) = (species[index], layerSizes[index])
    let allowed = 1...SpeciesNetwork.largestSize
    guard allowed.contains(featureSizes[index]) else {
      throw NetworkError(
        "species \(symbol): feature size \(featureSizes[index]); allowed: 1 to \(allowed.upperBound)"
      )
    }
    if let graph = graphs?[index] {
      return SpeciesNetwork(
        symbol: symbol, graph: try graphNetwork(graph, index, read), offset: offsets[index])
    }
    guard sizes.last == 1, sizes.allSatisfy(allowed.contains),
      activations[index].count == sizes.count, trainable[index].count == sizes.count,
      files[index].count == sizes.count
    else {
      throw NetworkError(
        "species \(symbol): sizes \(sizes), \(activations[index].count) activations,"
          + " \(trainable[index].count) trainable flags and \(files[index].count) pairs of files do"
          + " not fit; the last size must be 1, the others from 1 to \(allowed.upperBound)")
    }
    var input = featureSizes[index]
    let layers = try sizes.indices.map { layer in
      defer { input = sizes[layer] }
      guard let activation = Activation(rawValue: activations[index][layer]) else {
        throw NetworkError(
          "species \(symbol), layer \(layer): activation \(activations[index][layer]);"
            + " allowed: 0 to 4")
      }
      func parameter(_ kind: NetworkParameter.Kind, _ shape: Shape) throws -> Tensor {
        let name = NetworkParameter(symbol: symbol, species: index, layer: layer, kind: kind)
        return try finite(read(self, name, shape), name)
      }
      return SpeciesNetwork.Layer(
        weights: try parameter(.weights, [input, sizes[layer]]),
        biases: try parameter(.biases, [sizes[layer]]), activation: activation,
        isTrainable: trainable[index][layer].isSet)
    }
    return SpeciesNetwork(symbol: symbol, layers: layers, offset: offsets[index])
  }

  private func finite(_ tensor: Tensor, _ name: NetworkParameter) throws -> Tensor {
    if let wrong = tensor.scalars(as: Float.self).first(where: { !$0.isFinite }) {
      throw NetworkError("\(name): found \(wrong); allowed: finite numbers")
    }
    return tensor
  }

  private func graphNetwork(
    _ graph: Graph, _ index: Int,
    _ read: (NetworkMetadata, NetworkParameter, Shape) throws -> Tensor
  ) throws -> GraphNetwork {
    guard files[index].count == graph.parameters.count else {
      throw NetworkError(
        "species \(species[index]): \(files[index].count) files for \(graph.parameters.count)"
          + " parameters")
    }
    let parameters = try graph.parameters.enumerated().map { place, parameter in
      let name = NetworkParameter(
        symbol: species[index], species: index, layer: place, kind: .weights, name: parameter.name)
      guard parameter.shape.allSatisfy({ $0 >= 0 }) else {
        throw NetworkError("\(name): found the shape \(parameter.shape); allowed: no negative size")
      }
      return GraphNetwork.Parameter(
        name: parameter.name, value: try finite(read(self, name, Shape(parameter.shape)), name))
    }
    return GraphNetwork(
      source: graph.source, featureSize: featureSizes[index], parameters: parameters)
  }

  init(_ model: NetworkModel, files: [[[String]]]) {
    let networks = model.networks
    let graphs = networks.map { network in
      network.graph.map { graph in
        Graph(
          source: graph.source,
          parameters: graph.parameters.map {
            Graph.Parameter(name: $0.name, shape: $0.value.shape.dimensions)
          })
      }
    }
    // What is assumed is not known any better in a copy.
    var descriptors = model.descriptors.map(GvectParameters.init)
    if model.assumesEpsilon { descriptors?.epsilon = nil }
    if model.assumesPeriodicity { descriptors?.periodic = nil }
    self.init(
      version: "v0", scaffoldType: "PANNA",
      types: networks.map { $0.graph == nil ? "a2ff" : "graph" },
      layerSizes: networks.map { $0.layers.map(\.outputSize) },
      featureSizes: networks.map(\.featureSize),
      activations: networks.map { $0.layers.map(\.activation.rawValue) },
      trainable: networks.map { $0.layers.map { Flag($0.isTrainable) } },
      species: networks.map(\.symbol), offsets: networks.map(\.offset),
      files: files, graphs: graphs.contains { $0 != nil } ? graphs : nil,
      descriptors: descriptors,
      energyRescale: model.assumesEnergyRescale ? nil : model.energyRescale)
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
    case .dataCorrupted(let context) where context.codingPath.isEmpty:
      return context.debugDescription
    case .dataCorrupted(let context): return "\(path(context)): \(context.debugDescription)"
    @unknown default: return "\(self)"
    }
  }
}
