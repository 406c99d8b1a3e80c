import Dataflow
import Foundation

/// Reads and writes whole files; a file that was written is complete or not there.
package enum FileAccess {
  /// What some editors put before a text in UTF-8.
  static let byteOrderMark: [UInt8] = [0xef, 0xbb, 0xbf]

  /// The bytes of a file.
  ///
  /// - Throws: `AtomisticsError` when it cannot be read.
  package static func read(_ url: URL) throws -> Data {
    do {
      return try Data(contentsOf: url)
    } catch {
      throw AtomisticsError(
        file: url.path, found: "a file that cannot be read (\(error.localizedDescription))",
        allowed: "a readable file")
    }
  }

  /// The bytes of a file, which may be in gzip's form where its name ends in `.gz`.
  ///
  /// - Throws: `AtomisticsError` when it cannot be read or is damaged.
  package static func readUncompressed(_ url: URL) throws -> Data {
    let data = try read(url)
    guard url.pathExtension == "gz" else { return data }
    do {
      return try Inflater.inflated(data)
    } catch let error as FormatError {
      throw AtomisticsError(
        file: url.path, found: "a file that \(error.message)", allowed: "a whole file of gzip's")
    }
  }

  /// The text of a file in UTF-8, without the mark that may stand before it.
  ///
  /// - Throws: `AtomisticsError` when it cannot be read or is not UTF-8.
  package static func readText(_ url: URL) throws -> String {
    let data = try read(url)
    let start = data.starts(with: byteOrderMark) ? byteOrderMark.count : 0
    guard let text = String(validating: data.dropFirst(start), as: UTF8.self) else {
      throw AtomisticsError(
        file: url.path, found: "bytes that are no text", allowed: "text in UTF-8")
    }
    return text
  }

  /// Writes a file beside its place and moves it there when it is complete.
  ///
  /// - Throws: `AtomisticsError` when it cannot be written.
  package static func write(_ data: Data, to url: URL) throws {
    do {
      try AtomicFile.write(data, to: url, isForced: false)
    } catch let error as FormatError {
      throw AtomisticsError(
        file: url.path, found: "a place that \(error.message)",
        allowed: "a file in a folder that exists and may be written")
    }
  }

  /// A file's name up to its first dot, the key that every program uses for the structure in it.
  package static func key(of url: URL) -> String {
    String(url.lastPathComponent.prefix { $0 != "." })
  }
}
