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

  enum CodingKeys: String, CodingKey {
    case data, networks
    case addsOffset = "add_offset"
    case computesForces = "compute_forces"
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

  /// Whether a result answers it, or more than it.
  func isAnswered(by result: URL) -> Bool {
    let content = FileManager.default.contents(atPath: Self.file(beside: result).path) ?? Data()
    guard var old = try? JSONDecoder().decode(Self.self, from: content) else { return false }
    if old.computesForces { old.computesForces = computesForces }
    return old == self
  }

  /// Says it once the result is there; before it is written nothing may be said of it.
  func write(beside result: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    try AtomicFile.write(try encoder.encode(self), to: Self.file(beside: result))
  }
}
