import Atomistics
import Foundation
import ProgramSupport
import Synchronization

/// Writes what parsers find: a file for each configuration, and all of them as extended xyz where that is
/// wanted.
final class ExampleWriter: Sendable {
  static let options: [CommandLineOptions.Option] = [
    .init(
      "--outdir", "-o", value: "DIR", help: "folder for *.example, made if missing",
      isRequired: true),
    .init("--addhash", help: "names examples after the SHA-224 of their content"),
    .init("--extxyz", value: "FILE", help: "writes all configurations as extended xyz too"),
    .init(
      "--rename", value: "NAME=SYMBOL", help: "a species by another name: Si1=Si",
      isRepeatable: true),
  ]

  private let folder: URL
  private let hashes: Bool
  private let symbols: [String: String]
  private let file: URL?
  private let names = Mutex<Set<String>>([])
  private let text = Mutex<GrowingTextFile?>(nil)

  init(_ arguments: ParsedArguments) throws {
    folder = URL(fileURLWithPath: arguments["--outdir"]!)
    hashes = arguments.has("--addhash")
    file = arguments["--extxyz"].map { URL(fileURLWithPath: $0) }
    symbols = try arguments.all("--rename").reduce(into: [:]) { symbols, pair in
      let parts = pair.split(separator: "=", omittingEmptySubsequences: false)
      guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else {
        throw UsageError("--rename \(pair): expected NAME=SYMBOL")
      }
      symbols[String(parts[0])] = String(parts[1])
    }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    if let file { try text.withLock { $0 = try GrowingTextFile(file) } }
  }

  /// Writes some examples; from any thread.
  ///
  /// - Returns: the same as extended xyz, empty where nobody wants it.
  /// - Throws: `WriteError` where the disk is at fault, `AtomisticsError` where the configurations are.
  func write(_ configurations: [ParsedConfiguration]) throws -> String {
    var lines = ""
    for configuration in configurations {
      var own = configuration
      own.species = own.species.map { symbols[$0] ?? $0 }
      own.name = hashes ? own.hash : own.name
      let isNew = names.withLock { $0.insert(own.name).inserted }
      // Equal hashes are equal configurations.
      if !isNew && hashes { continue }
      guard isNew else {
        throw AtomisticsError(
          key: own.name, found: "two configurations of this name", allowed: "one, or --addhash")
      }
      let content = try own.example()
      if file != nil { lines += ExtendedXYZ.encode(try own.structure()) }
      do {
        let place = folder.appendingPathComponent("\(own.name).example")
        try FileAccess.write(Data(content.utf8), to: place)
      } catch { throw WriteError(error: error) }
    }
    return lines
  }

  /// Adds to the extended xyz file; in the order it is to have.
  func append(_ lines: String) throws {
    try text.withLock { try $0?.write(lines) }
  }

  /// Completes the extended xyz file.
  ///
  /// - Returns: how many examples there are.
  func finish() throws -> Int {
    try text.withLock { try $0?.finish() }
    return names.withLock { $0.count }
  }

  /// Where examples are written.
  var path: String { folder.path }
}

/// An error of writing, after which there is no point in going on.
struct WriteError: Error, CustomStringConvertible {
  let error: any Error
  var description: String { "\(error)" }
}
