import Atomistics
import Foundation

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

extension DescriptorSettings {
  /// The parameters by their names in metadata, lengths in angstrom.
  private var record: [String: [Double]] {
    let encoded = (try? JSONEncoder().encode(GvectParameters(self))) ?? Data()
    let entries = (try? JSONDecoder().decode([String: RecordEntry].self, from: encoded)) ?? [:]
    return entries.compactMapValues(\.numbers)
  }

  /// The first parameter that differs, by more than single precision can hold.
  package func difference(
    from other: DescriptorSettings, ignoring: Set<String> = []
  ) -> (name: String, own: String, other: String)? {
    if species != other.species {
      return (
        "species", species.joined(separator: ", "), other.species.joined(separator: ", ")
      )
    }
    let (one, two) = (kind, other.kind)
    if one != two { return ("type", one, two) }
    func text(_ numbers: [Double]?) -> String {
      numbers.map { $0.map { "\($0)" }.joined(separator: ", ") } ?? "nothing"
    }
    let (mine, others) = (record, other.record)
    for name in Set(mine.keys).union(others.keys).sorted() where !ignoring.contains(name) {
      let (a, b) = (mine[name] ?? [], others[name] ?? [])
      let isEqual = a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= 1e-6 * abs($1) }
      if !isEqual { return (name, text(mine[name]), text(others[name])) }
    }
    if periodic != other.periodic && !ignoring.contains("pbc") {
      return ("pbc", periodic.inWords, other.periodic.inWords)
    }
    return nil
  }

  private var kind: String {
    if case .modified = self { return "mBP" }
    return "BP"
  }
}

/// A value of the record: one number or several, a truth value as 1 or 0; a text counts nothing.
private struct RecordEntry: Decodable {
  let numbers: [Double]?

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let flag = try? container.decode(Bool.self) {
      numbers = [flag ? 1 : 0]
    } else {
      numbers = try? container.decode(GvectParameters.Numbers.self).all
    }
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
