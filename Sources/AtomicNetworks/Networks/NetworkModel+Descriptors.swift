import Atomistics

extension NetworkModel {
  /// Takes over how descriptors are made, where the networks do not say it or say the same.
  ///
  /// - Throws: `NetworkError` where the networks say something else, or are of another size or species.
  public mutating func describe(by settings: DescriptorSettings) throws {
    if let conflict = conflict(with: settings) { throw NetworkError(conflict) }
    descriptors = settings
    _ = try descriptorSize()
  }

  /// The first parameter that another description of the descriptors has otherwise than the networks' own;
  /// nil where there is none. What no file recorded counts nothing: an epsilon, or along which vectors structures
  /// repeat.
  public func conflict(with settings: DescriptorSettings) -> String? {
    difference(from: settings).map {
      "the networks take other descriptors: \($0.name) is \($0.own) there, \($0.other) here"
    }
  }

  /// The same with both values.
  package func difference(
    from settings: DescriptorSettings
  ) -> (name: String, own: String, other: String)? {
    guard let descriptors else { return nil }
    var unrecorded: Set<String> = assumesEpsilon ? ["epsilon"] : []
    if assumesPeriodicity { unrecorded.insert("pbc") }
    return descriptors.difference(from: settings, ignoring: unrecorded)
  }
}

/// Descriptors as they are recorded where no network is: the species and the keys of `gvect_params`.
package struct DescriptorDescription: Codable {
  private var species: [String]
  private var parameters: GvectParameters

  enum CodingKeys: String, CodingKey {
    case species
    case parameters = "gvect_params"
  }

  package init(_ settings: DescriptorSettings) {
    (species, parameters) = (settings.species, GvectParameters(settings))
  }

  /// - Throws: `NetworkError` or `AtomisticsError` for parameters that make no sense.
  package func settings() throws -> DescriptorSettings {
    try parameters.settings(species: species)
  }
}
