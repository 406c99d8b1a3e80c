import AtomicNetworks
import Dataflow
import Foundation
import ProgramSupport

/// The networks that a training configuration asks for: `[DEFAULT_NETWORK]`, one section a species,
/// and saved networks to begin with.
struct NetworkConfiguration {
  static let defaultKeys = LayerSettings.keys + ["networks_metadata"]

  /// The keys of a species' section, the files of the layers that it names among them.
  static func speciesKeys(_ section: IniSection) -> [String] {
    LayerSettings.keys + ["output_offset", "behavior"]
      + section.keys.filter { LayerBehaviour.isFileKey($0) }
  }

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
    if let saved { try Self.warnOfDefaults(file, saved, sequence) }
    let offsets = try Self.offsets(data, count: sequence.count)
    let networks = try sequence.enumerated().map { index, symbol in
      try Self.network(
        symbol, file.optionalSection(symbol), defaults, offset: offsets?[index],
        saved: saved?.networks.first { $0.symbol == symbol }, seed: seed, index: index)
    }
    var model = NetworkModel(
      networks: networks, descriptors: saved?.descriptors,
      energyRescale: try Self.energyRescale(data, saved))
    model.assumesEpsilon = saved?.assumesEpsilon ?? false
    model.assumesPeriodicity = saved?.assumesPeriodicity ?? false
    self.model = model
  }

  /// What saved networks were trained with is part of what they say, so that nothing else is right for them.
  private static func energyRescale(_ data: IniSection, _ saved: NetworkModel?) throws -> Double {
    let rescale = try data.double("energy_rescale", default: saved?.energyRescale ?? 1, above: 0)
    guard let saved, rescale != saved.energyRescale else { return rescale }
    // The original's files do not say it, so that a training that goes on has to.
    if saved.assumesEnergyRescale {
      warn("train: the saved networks have no energy_rescale, \(rescale) is taken for theirs")
      return rescale
    }
    throw data.error("energy_rescale", "\(saved.energyRescale), as the saved networks have it")
  }

  private static func offsets(_ data: IniSection, count: Int) throws -> [Double]? {
    guard data.has("output_offset") else { return nil }
    let offsets = try data.doubles("output_offset")
    guard offsets.count == count else {
      throw data.error("output_offset", "\(count) numbers, one for each of atomic_sequence")
    }
    return offsets
  }

  /// The default's section says what new networks are: where all are saved ones, nobody hears it.
  private static func warnOfDefaults(
    _ file: IniFile, _ saved: NetworkModel, _ sequence: [String]
  ) throws {
    let common = try LayerSettings(file.optionalSection("DEFAULT_NETWORK"))
    var keys: Set<String> = []
    for symbol in sequence {
      let section = file.optionalSection(symbol)
      guard
        let network = kept(
          saved.networks.first { $0.symbol == symbol }, try LayerSettings(section), section)
      else { return }
      keys.formUnion(common.differences(from: network))
    }
    guard !keys.isEmpty else { return }
    warn(
      "train: [DEFAULT_NETWORK] \(keys.sorted().joined(separator: ", ")): no effect, since all species have saved"
        + " networks, which keep theirs")
  }

  /// The saved network of which something stays; nil where all is new.
  private static func kept(
    _ saved: SpeciesNetwork?, _ own: LayerSettings, _ section: IniSection
  ) -> SpeciesNetwork? {
    saved.flatMap { own.fits($0) && !LayerBehaviour.isAllNew(section) ? $0 : nil }
  }

  /// Weights were made for the activations that they were trained with.
  private static func warnOfActivations(_ network: SpeciesNetwork, _ saved: SpeciesNetwork) {
    let (new, old) = (network.activationNames, saved.activationNames)
    if new != old {
      warn(
        "train: \(network.symbol) has activations = \(new), its saved network was trained with \(old)"
      )
    }
  }

  /// A species' network: the saved one with what its section changes, or a new one.
  private static func network(
    _ symbol: String, _ section: IniSection, _ defaults: IniSection, offset: Double?,
    saved: SpeciesNetwork?, seed: UInt64, index: Int
  ) throws -> SpeciesNetwork {
    let (own, common) = (try LayerSettings(section), try LayerSettings(defaults))
    let random = RandomLayers(
      seed: seed, index: index, initialization: own.initialization ?? common.initialization)
    var network: SpeciesNetwork
    if let saved, own.fits(saved) {
      network = saved
    } else {
      network = try own.withSizes(from: common, orOf: saved).network(
        symbol, own.isNewShape ? section : defaults, random)
    }
    network.offset = offset ?? saved?.offset ?? 0
    let kept = kept(saved, own, section)
    // A section with layers of its own does not inherit the default's flags, whose number would not fit.
    if !own.hasLayers {
      var inherited = common.flags(notIn: own)
      if let kept { inherited = inherited.flags(forSaved: kept) }
      try inherited.apply(to: &network, defaults)
    }
    try own.apply(to: &network, section)
    // Where only some layers are the saved ones, those are told of one by one.
    if let kept, !section.has("behavior") { warnOfActivations(network, kept) }
    try LayerBehaviour.apply(section, to: &network, saved: saved, random)
    if section.has("output_offset") { network.offset = try section.double("output_offset") }
    return network
  }
}
