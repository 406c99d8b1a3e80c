import AtomicNetworks
import Dataflow
import Foundation

/// The folder of a training's best networks, which says itself what they are the best of.
struct BestNetworks {
  /// Which networks they are.
  struct Record: Codable, Equatable {
    /// Which error of which structures it was that others are compared with.
    let criterion: String
    let structures: String
    let step: Int
    let value: Double
  }

  private static let recordName = "validation.json"

  let folder: URL

  init(in trainDirectory: URL) {
    folder = trainDirectory.appendingPathComponent("best_networks")
  }

  /// Whether there are any: who was killed while writing them may have left a folder without.
  var exist: Bool {
    FileManager.default.fileExists(
      atPath: folder.appendingPathComponent(NetworkModel.metadataName).path)
  }

  /// Nil where there are none, or those of an earlier version, which did not say it.
  var record: Record? {
    guard exist else { return nil }
    let file = folder.appendingPathComponent(Self.recordName)
    return FileManager.default.contents(atPath: file.path).flatMap {
      try? JSONDecoder().decode(Record.self, from: $0)
    }
  }

  /// Replaces those of before, networks and record together.
  func write(_ model: NetworkModel, _ record: Record) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    try model.write(to: folder, with: [Self.recordName: encoder.encode(record)])
  }
}
