import Atomistics
import Dataflow

/// The networks of all species, and all that is needed to use them again.
public struct NetworkModel: Sendable, Equatable {
  /// In the order of the species' indices.
  public var networks: [SpeciesNetwork]
  /// How the descriptors are made that the networks take; nil where that is not known.
  public var descriptors: DescriptorSettings? {
    didSet { (assumesEpsilon, assumesPeriodicity) = (false, false) }
  }
  /// Whether epsilon of the descriptors is an assumption, since no file recorded it.
  public package(set) var assumesEpsilon = false
  /// Whether it is an assumption that structures may repeat along all vectors of their cells, since no file
  /// recorded it: the original's do not.
  public package(set) var assumesPeriodicity = false
  /// What the reference energies, without offsets, and forces were multiplied with in training: outputs
  /// are divided by it.
  public var energyRescale: Double {
    didSet { assumesEnergyRescale = false }
  }
  /// Whether `energyRescale` is an assumption, 1, since no file recorded it: the original's do not.
  public package(set) var assumesEnergyRescale = false

  public init(
    networks: [SpeciesNetwork], descriptors: DescriptorSettings? = nil, energyRescale: Double = 1
  ) {
    self.networks = networks
    self.descriptors = descriptors
    self.energyRescale = energyRescale
  }

  /// What is to be known of a model that does not say its epsilon; nil where it does.
  public var caveat: String? {
    guard assumesEpsilon, case .modified(let parameters)? = descriptors else { return nil }
    return
      "no file records the epsilon of the descriptors, \(parameters.epsilon) is assumed: the original's"
      + " from July 2019 on, which took 0 before and 0.001 in its second generation"
  }

  /// The size of the descriptors that every network takes.
  ///
  /// - Throws: `NetworkError` where the networks disagree, or the descriptors have another size or
  ///   other species.
  public func descriptorSize() throws -> Int {
    guard let first = networks.first else { throw NetworkError("there is no network") }
    for network in networks where network.featureSize != first.featureSize {
      throw NetworkError(
        "the network of \(network.symbol) takes \(network.featureSize) components, that of"
          + " \(first.symbol) \(first.featureSize)")
    }
    if let descriptors {
      guard descriptors.size == first.featureSize else {
        throw NetworkError(
          "the descriptors have \(descriptors.size) components, the networks take"
            + " \(first.featureSize)")
      }
      let symbols = networks.map(\.symbol)
      guard descriptors.species == symbols else {
        throw NetworkError(
          "the descriptors are for \(descriptors.species.joined(separator: ", ")), the networks for"
            + " \(symbols.joined(separator: ", "))")
      }
    }
    return first.featureSize
  }
}

/// Networks that do not fit together or cannot be read.
public struct NetworkError: Error, CustomStringConvertible, Sendable, Equatable {
  /// The file it concerns.
  public var file: String?
  public var message: String

  public init(file: String? = nil, _ message: String) {
    self.file = file
    self.message = message
  }

  public var description: String { (file.map { "\($0): " } ?? "") + message }
}
