import Dataflow
import Foundation

/// What a result of `evaluate` is the answer to, as a file beside it: without it the answer to another question,
/// of other data or with offsets, would be kept.
struct EvaluationQuestion: Codable, Equatable {
  /// The files of the structures.
  private var data: [String]
  private var networks: [String]
  private var addsOffset: Bool
  private var computesForces: Bool
  /// Of an answer, whether its energies have what the references have; not a part of the question.
  private var comparesEnergies: Bool?

  enum CodingKeys: String, CodingKey {
    case data, networks
    case addsOffset = "add_offset"
    case computesForces = "compute_forces"
    case comparesEnergies = "comparable_energies"
  }

  /// - Parameter networks: the files that they are read from.
  init(_ configuration: EvaluateConfiguration, data: [URL], networks: [URL]) {
    self.data = data.map(\.path)
    self.networks = networks.map(\.path).sorted()
    addsOffset = configuration.addsOffset
    computesForces = configuration.computesForces
  }

  static func file(beside result: URL) -> URL {
    result.deletingPathExtension().appendingPathExtension("json")
  }

  /// What a result answers; nil where no file beside it says so.
  private static func read(beside result: URL) -> Self? {
    let content = FileManager.default.contents(atPath: file(beside: result).path) ?? Data()
    return try? JSONDecoder().decode(Self.self, from: content)
  }

  /// Whether a result answers it, or more than it.
  func isAnswered(by result: URL) -> Bool {
    guard var old = Self.read(beside: result) else { return false }
    if old.computesForces { old.computesForces = computesForces }
    old.comparesEnergies = comparesEnergies
    return old == self
  }

  /// Whether the energies of a result can be compared with the references, as far as a file beside it tells.
  static func comparesEnergies(of result: URL) -> Bool {
    read(beside: result).map { $0.comparesEnergies ?? $0.addsOffset } ?? true
  }

  /// Says it once the result is there; before it is written nothing may be said of it.
  func write(beside result: URL, comparesEnergies: Bool) throws {
    var answered = self
    answered.comparesEnergies = comparesEnergies
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    try AtomicFile.write(try encoder.encode(answered), to: Self.file(beside: result))
  }
}
