import Foundation

/// The checkpoints of one training: `checkpoint-<step>.panna` in a folder.
public struct CheckpointFolder: Sendable {
  /// Where the checkpoints are.
  public let folder: URL

  /// The checkpoints of a folder, which is made when the first is written.
  public init(_ folder: URL) { self.folder = folder }

  /// The steps that there are checkpoints of, in ascending order.
  public var steps: [Int] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.compactMap { name in
      guard name.hasPrefix("checkpoint-"), name.hasSuffix(".panna") else { return nil }
      return Int(name.dropFirst("checkpoint-".count).dropLast(".panna".count))
    }.sorted()
  }

  /// Where the checkpoint of a step is, or would be.
  public func file(step: Int) -> URL {
    folder.appendingPathComponent("checkpoint-\(step).panna")
  }

  /// Writes a checkpoint and removes the oldest ones beyond `keeping`, but never the one written.
  ///
  /// - Throws: `FormatError` that names the file or folder that cannot be written.
  public func write(_ checkpoint: Checkpoint, step: Int, keeping: Int) throws {
    try Folder.make(folder)
    try checkpoint.write(to: file(step: step))
    for old in steps.dropLast(max(1, keeping)) where old != step {
      try? FileManager.default.removeItem(at: file(step: old))
    }
  }

  /// Removes what a process left that was ended while it wrote a checkpoint.
  ///
  /// Nobody else may write checkpoints there meanwhile.
  public func removeRemains() {
    AtomicFile.removeRemains(in: folder) { $0.hasPrefix("checkpoint-") }
  }

  /// The newest checkpoint that is whole, nil where there is none.
  ///
  /// - Parameter onDamage: is told of newer ones that are not.
  public func newest(
    onDamage: (FormatError) -> Void = { _ in }
  ) -> (step: Int, checkpoint: Checkpoint)? {
    for step in steps.reversed() {
      do throws(FormatError) {
        return (step, try Checkpoint(file(step: step)))
      } catch {
        onDamage(error)
      }
    }
    return nil
  }
}
