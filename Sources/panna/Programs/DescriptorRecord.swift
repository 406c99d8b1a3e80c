import AtomicNetworks
import Atomistics
import Dataflow
import Foundation
import ProgramSupport

/// What the structures of a list of computed keys were described with, as a file beside the list: without it
/// a changed configuration would leave descriptors of two kinds side by side.
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

  init(_ configuration: GvectCalculatorConfiguration) {
    descriptors = DescriptorDescription(configuration.descriptors)
    periodic = (0..<3).map { configuration.periodic[$0] }
    derivatives = configuration.derivatives.map { $0 == .sparse ? "sparse" : "dense" } ?? "none"
    perAtomEnergy = configuration.includesPerAtomEnergy
  }

  /// Checks that the keys of a list were computed with this, where the folder says what with, and says it
  /// where it does not.
  ///
  /// - Throws: `WorkError` with what differs.
  func settle(_ computed: ComputedKeys, in folder: URL) throws {
    let file = folder.appendingPathComponent(Self.name)
    if !computed.keys.isEmpty, let data = FileManager.default.contents(atPath: file.path) {
      guard let old = try? JSONDecoder().decode(Self.self, from: data) else {
        throw WorkError(
          "\(file.path): is no record of descriptors; remove it with \(ComputedKeys.name)")
      }
      if let difference = try difference(from: old) {
        throw WorkError(
          "\(file.path): the structures of \(ComputedKeys.name) were computed with \(difference):"
            + " remove both files, or name other folders")
      }
      return
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    try AtomicFile.write(try encoder.encode(self), to: file)
  }

  /// In words: what the older one has and this one has not.
  private func difference(from old: Self) throws -> String? {
    let difference = try old.descriptors.settings().difference(from: descriptors.settings())
    if let difference {
      return "\(difference.name) = \(difference.own), now it is \(difference.other)"
    }
    func text(_ flags: [Bool]) -> String {
      flags.map { $0 ? "True" : "False" }.joined(separator: ", ")
    }
    let others = [
      ("pbc", text(old.periodic), text(periodic)), ("derivatives", old.derivatives, derivatives),
      ("per_atom_energy", text([old.perAtomEnergy]), text([perAtomEnergy])),
    ]
    return others.first { $0.1 != $0.2 }.map { "\($0.0) = \($0.1), now it is \($0.2)" }
  }
}
