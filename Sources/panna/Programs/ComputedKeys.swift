import Atomistics
import Foundation
import ProgramSupport

/// The keys of the structures whose descriptors are there, as a file that grows: each key and a comma.
///
/// A key without comma at the end was cut off while it was written and does not count. A comma in a key
/// is written as `%2C`, and a `%` as `%25`.
final class ComputedKeys {
  static let name = "gvect_already_computed.dat"

  private(set) var keys: Set<String>
  private let file: URL

  /// Reads the file of a folder, where there is one.
  init(folder: URL) throws {
    file = folder.appendingPathComponent(Self.name)
    guard FileManager.default.fileExists(atPath: file.path) else {
      keys = []
      return
    }
    let text = try FileAccess.readText(file)
    let complete = text.prefix(
      upTo: text.lastIndex(of: ",").map(text.index(after:)) ?? text.startIndex)
    keys = Set(
      complete.split(separator: ",").map {
        Self.decoded($0.trimmingCharacters(in: .whitespacesAndNewlines))
      })
    if complete.count < text.trimmingCharacters(in: .whitespacesAndNewlines).count {
      try FileAccess.write(Data(complete.utf8), to: file)
    }
  }

  /// Adds keys to the file.
  func append(_ new: [String]) throws {
    let new = new.filter { !keys.contains($0) }
    guard !new.isEmpty else { return }
    keys.formUnion(new)
    if !FileManager.default.fileExists(atPath: file.path) {
      try FileAccess.write(Data(), to: file)
    }
    do {
      let handle = try FileHandle(forWritingTo: file)
      defer { try? handle.close() }
      try handle.seekToEnd()
      try handle.write(contentsOf: Data(new.map { Self.encoded($0) + "," }.joined().utf8))
    } catch {
      throw WorkError("\(file.path): cannot be written: \(error.localizedDescription)")
    }
  }

  private static func encoded(_ key: String) -> String {
    key.replacing("%", with: "%25").replacing(",", with: "%2C")
  }

  private static func decoded(_ text: String) -> String {
    text.replacing("%2C", with: ",").replacing("%25", with: "%")
  }
}
