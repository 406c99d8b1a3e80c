import AtomicNetworks
import Dataflow
import Foundation
import ProgramSupport

/// What a layer begins with, by the names of `behavior`.
enum LayerBehaviour: String, CaseIterable {
  /// The saved network's layer, with its activation unless the section says another.
  case keep
  /// Random numbers.
  case new
  /// The files `layer<i>_w_file` and `layer<i>_b_file`, which any species or network may have left.
  case load

  /// Whether a key names a layer's file.
  static func isFileKey(_ key: String) -> Bool {
    let key = key.lowercased()
    guard key.hasPrefix("layer"), key.hasSuffix("_w_file") || key.hasSuffix("_b_file") else {
      return false
    }
    return Int(key.dropFirst("layer".count).dropLast("_w_file".count)) != nil
  }

  /// Whether nothing of a saved network stays.
  static func isAllNew(_ section: IniSection) -> Bool {
    let names = (try? section.strings("behavior", default: [], separator: ":")) ?? []
    return !names.isEmpty && names.allSatisfy { $0.lowercased() == new.rawValue }
  }

  /// The keys of files that no layer is loaded from.
  static func unusedFiles(_ section: IniSection) -> [String] {
    let names = (try? section.strings("behavior", default: [], separator: ":")) ?? []
    let loaded = names.indices.filter { names[$0].lowercased() == load.rawValue }
    return section.keys.filter { key in
      isFileKey(key) && !loaded.contains { key.lowercased().hasPrefix("layer\($0)_") }
    }
  }

  /// Gives a network's layers what its section says, where it says something.
  ///
  /// - Parameter saved: the network to keep layers of.
  /// - Throws: `UsageError` for what does not fit, `FormatError` or `NetworkError` for files.
  static func apply(
    _ section: IniSection, to network: inout SpeciesNetwork, saved: SpeciesNetwork?,
    _ random: RandomLayers
  ) throws {
    guard section.has("behavior") else { return }
    let names = try section.strings("behavior", separator: ":")
    let behaviours = names.compactMap { LayerBehaviour(rawValue: $0.lowercased()) }
    guard behaviours.count == names.count, names.count == network.layers.count else {
      throw section.error(
        "behavior", "\(network.layers.count) of keep, new and load, separated by \":\"")
    }
    let fresh = random.layers(network.featureSize, network.layers.map(\.outputSize))
    for (index, behaviour) in behaviours.enumerated() {
      let layer = network.layers[index]
      switch behaviour {
      case .new: network.layers[index].take(fresh[index])
      case .load:
        network.layers[index].weights = try read("w", index, layer.weights.shape, section)
        network.layers[index].biases = try read("b", index, layer.biases.shape, section)
      case .keep:
        guard let saved, index < saved.layers.count,
          saved.layers[index].weights.shape == layer.weights.shape
        else {
          throw section.error(
            "behavior",
            "keep only where the saved networks have a layer \(index) of"
              + " \(layer.inputSize) x \(layer.outputSize)")
        }
        let old = saved.layers[index]
        network.layers[index].take(old)
        if !section.has("activations") {
          network.layers[index].activation = old.activation
        } else if old.activation != layer.activation {
          warn(
            "train: \(network.symbol) keeps layer \(index), which was trained with activation ="
              + " \(old.activation.spellings[0]), now it is \(layer.activation.spellings[0])")
        }
      }
    }
  }

  private static func read(
    _ kind: String, _ layer: Int, _ shape: Shape, _ section: IniSection
  ) throws -> Tensor {
    let file = try section.url("layer\(layer)_\(kind)_file")
    return try NetworkModel.read(
      file.lastPathComponent, in: file.deletingLastPathComponent(), shape: shape)
  }
}

extension SpeciesNetwork.Layer {
  /// Takes over another layer's parameters.
  fileprivate mutating func take(_ other: SpeciesNetwork.Layer) {
    (weights, biases) = (other.weights, other.biases)
  }
}
