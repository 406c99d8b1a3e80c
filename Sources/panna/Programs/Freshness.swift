import Foundation

/// Whether a result can be kept instead of computed again.
enum Freshness {
  /// Whether a file of more than some bytes is no older than any file that it was made of.
  static func isFresh(_ result: URL, of sources: [URL], moreThan size: Int = 0) -> Bool {
    guard let made = attributes(result), (made[.size] as? Int ?? 0) > size else { return false }
    guard let date = made[.modificationDate] as? Date else { return true }
    return sources.allSatisfy {
      (attributes($0)?[.modificationDate] as? Date ?? .distantPast) <= date
    }
  }

  private static func attributes(_ file: URL) -> [FileAttributeKey: Any]? {
    try? FileManager.default.attributesOfItem(atPath: file.path)
  }
}
