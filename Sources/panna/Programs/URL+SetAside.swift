import Dataflow
import Foundation

extension URL {
  /// Gives a file or folder of an earlier time a name of its own: behind its name the step from which it is not gone
  /// on with.
  ///
  /// - Returns: where it is now.
  /// - Throws: `FormatError` that names it.
  func setAside(step: Int) throws -> URL {
    let names = (1...).lazy.map { "\(lastPathComponent).\(step)\($0 == 1 ? "" : "-\($0)")" }
    let urls = names.map { deletingLastPathComponent().appendingPathComponent($0) }
    let kept = urls.first { !FileManager.default.fileExists(atPath: $0.path) }!
    guard rename(path, kept.path) == 0 else {
      throw AtomicFile.failure("cannot be renamed to \(kept.lastPathComponent)", self)
    }
    return kept
  }
}
