import AtomicNetworks
import Atomistics
import Dataflow
import Foundation
import ProgramSupport

/// What the structures of a folder were described with, as a file beside them, packed or not: without it
/// a changed configuration would leave descriptors of two kinds side by side, and no file would say how to
/// describe the structures that networks are used for.
struct DescriptorRecord: Codable {
  static let name = "gvect_params.json"

  private var descriptors: DescriptorDescription
  private var periodic: [Bool]
  private var derivatives: String
  private var perAtomEnergy: Bool

  enum CodingKeys: String, CodingKey {
    case descriptors
    case periodic = "pbc"
    case derivatives
    case perAtomEnergy = "per_atom_energy"
  }

  static func path(in folder: URL) -> String { folder.appendingPathComponent(name).path }

  /// The record of a folder, nil where it has none.
  ///
  /// - Throws: `WorkError` where the file is something else.
  init?(in folder: URL) throws {
    let path = Self.path(in: folder)
    guard let data = FileManager.default.contents(atPath: path) else { return nil }
    guard let record = try? JSONDecoder().decode(Self.self, from: data) else {
      throw WorkError("\(path): is no record of descriptors")
    }
    self = record
  }

  /// - Throws: `NetworkError` or `AtomisticsError` for parameters that make no sense.
  func settings() throws -> DescriptorSettings {
    var settings = try descriptors.settings()
    guard let directions = Periodicity(flags: periodic) else {
      throw AtomisticsError(key: "pbc", found: "\(periodic.count) flags", allowed: "3")
    }
    settings.periodic = directions
    return settings
  }

  init(_ configuration: GvectCalculatorConfiguration) {
    descriptors = DescriptorDescription(configuration.descriptors)
    periodic = configuration.descriptors.periodic.flags
    derivatives = configuration.derivatives.map { $0 == .sparse ? "sparse" : "dense" } ?? "none"
    perAtomEnergy = configuration.includesPerAtomEnergy
  }

  /// Checks that what a folder has was described with this.
  ///
  /// - Parameter ending: of the described structures' names.
  /// - Throws: `WorkError` with what differs.
  func check(in folder: URL, ending: String) throws {
    guard let old = try Self(in: folder), let difference = try difference(from: old),
      try Folder.names(in: folder).contains(where: { $0.hasSuffix(ending) })
    else { return }
    throw WorkError(
      "\(Self.path(in: folder)): the *\(ending) files here were computed with \(difference); remove them"
        + " all, or name another folder")
  }

  /// Says it in a folder, before the first described structure is there.
  func write(to folder: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    try AtomicFile.write(
      try encoder.encode(self), to: URL(fileURLWithPath: Self.path(in: folder)))
  }

  /// Checks that descriptors are the recorded ones.
  ///
  /// - Throws: `WorkError` with the folder and the first parameter that differs.
  static func check(_ settings: DescriptorSettings, in folder: URL, by source: String) throws {
    guard let record = try Self(in: folder) else { return }
    if let difference = try record.settings().difference(from: settings) {
      throw WorkError(
        "\(path(in: folder)): the structures are described with \(difference.name) = \(difference.own), but"
          + " \(source) says \(difference.other)")
    }
  }

  /// In words: what the older one has and this one has not.
  private func difference(from old: Self) throws -> String? {
    if let difference = try old.settings().difference(from: settings()) {
      return "\(difference.name) = \(difference.own), now it is \(difference.other)"
    }
    func text(_ flag: Bool) -> String { flag ? "True" : "False" }
    let others = [
      ("derivatives", old.derivatives, derivatives),
      ("per_atom_energy", text(old.perAtomEnergy), text(perAtomEnergy)),
    ]
    return others.first { $0.1 != $0.2 }.map { "\($0.0) = \($0.1), now it is \($0.2)" }
  }
}
