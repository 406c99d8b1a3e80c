import AtomicNetworks
import Atomistics

/// What a configuration says of the networks otherwise than a checkpoint.
struct NetworkChanges {
  private let old: NetworkModel
  private let new: NetworkModel
  private var pairs: [(was: SpeciesNetwork, now: SpeciesNetwork)] {
    Array(zip(old.networks, new.networks))
  }

  /// - Parameters:
  ///   - old: those of the checkpoint.
  ///   - new: those that are to go on from it.
  init(from old: NetworkModel, to new: NetworkModel) { (self.old, self.new) = (old, new) }

  /// The first change that leaves weights good for nothing; nil where they may go on.
  var refusal: String? {
    func refusal(_ key: String, _ was: String, _ now: String) -> String {
      "has \(key) = \(was), now it is \(now): weights are good for what they were trained with"
    }
    let (was, now) = (old.networks.map(\.symbol), new.networks.map(\.symbol))
    if was != now {
      return refusal(
        "atomic_sequence", was.joined(separator: ", "), now.joined(separator: ", "))
    }
    if let settings = new.descriptors, let key = old.difference(from: settings) {
      return refusal("descriptors with \(key.name)", key.own, key.other)
    }
    // Layers of other sizes have weights that do not fit, which is another matter.
    for (was, now) in pairs
    where was.layers.map(\.outputSize) == now.layers.map(\.outputSize)
      && was.activationNames != now.activationNames
    {
      let names = was.activationNames
      return refusal("activations", "\(names) for \(was.symbol)", now.activationNames)
        + ", which [\(was.symbol)] can say"
    }
    return nil
  }

  /// Those that the networks have not learned.
  var warnings: [String] {
    var changes: [String] = []
    for (was, now) in pairs {
      for (old, new) in zip(settings(was), settings(now)) where old.value != new.value {
        changes.append("has \(old.key) = \(old.value) for \(was.symbol), now it is \(new.value)")
      }
      if let source = now.graph?.source, source != was.graph?.source {
        changes.append("has another text for \(was.symbol) than \(source.file) is now")
      }
    }
    if !old.assumesEnergyRescale, old.energyRescale != new.energyRescale {
      changes.append("has energy_rescale = \(old.energyRescale), now it is \(new.energyRescale)")
    }
    return changes
  }

  /// What a configuration says of a network's species, beside the sizes, which a checkpoint must fit.
  private func settings(_ network: SpeciesNetwork) -> [(key: String, value: String)] {
    let trainable = network.layers.map { $0.isTrainable ? "1" : "0" }
    return [
      ("output_offset", "\(network.offset)"),
      ("trainable", trainable.joined(separator: ":")),
    ]
  }
}
