import Foundation

/// The checkpoints of one training: `checkpoint-<step>.panna` in a folder.
public struct CheckpointFolder: Sendable {
  public let folder: URL

  public init(_ folder: URL) { self.folder = folder }

  /// The steps that there are checkpoints of, in ascending order.
  public var steps: [Int] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.compactMap { name in
      guard name.hasPrefix("checkpoint-"), name.hasSuffix(".panna") else { return nil }
      return Int(name.dropFirst("checkpoint-".count).dropLast(".panna".count))
    }.sorted()
  }

  public func file(step: Int) -> URL {
    folder.appendingPathComponent("checkpoint-\(step).panna")
  }

  /// Writes a checkpoint and removes the oldest ones beyond `keeping`.
  public func write(_ checkpoint: Checkpoint, step: Int, keeping: Int) throws {
    try checkpoint.write(to: file(step: step))
    for old in steps.dropLast(max(1, keeping)) where old != step {
      try? FileManager.default.removeItem(at: file(step: old))
    }
  }

  /// The newest checkpoint that is whole.
  ///
  /// - Parameter onDamage: is told of newer ones that are not.
  public func newest(
    onDamage: (FormatError) -> Void = { _ in }
  ) throws -> (step: Int, checkpoint: Checkpoint)? {
    for step in steps.reversed() {
      do {
        return (step, try Checkpoint(file(step: step)))
      } catch let error as FormatError {
        onDamage(error)
      }
    }
    return nil
  }
}
