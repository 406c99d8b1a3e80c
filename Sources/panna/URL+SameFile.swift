import Foundation
import ProgramSupport

extension URL {
  /// Whether two paths lead to one file or folder that is there, by whatever names.
  func isSameFile(as other: URL) -> Bool {
    var (a, b) = (stat(), stat())
    return stat(path, &a) == 0 && stat(other.path, &b) == 0
      && a.st_ino == b.st_ino && a.st_dev == b.st_dev
  }

  /// Whether what is written to one of two paths would be found at the other, whether it is there yet or not.
  func isSamePlace(as other: URL) -> Bool {
    standardizedFileURL.path == other.standardizedFileURL.path || isSameFile(as: other)
  }

  /// Checks that a result replaces nothing of what it is computed from.
  ///
  /// - Parameters:
  ///   - inputs: files that are there.
  ///   - option: what names the result, for the message.
  /// - Throws: `UsageError` with the option and the input that would be lost.
  func check(replacesNoneOf inputs: [URL], _ option: String) throws {
    guard let input = inputs.first(where: isSameFile) else { return }
    throw UsageError(
      "\(option) \(relativePath): \(input.relativePath) is read and would be lost: name another"
        + " place to write to")
  }
}
