import Atomistics
import Dataflow
import Foundation
import ProgramSupport
import Synchronization

/// Writes what parsers find: a file for each configuration, and all of them as extended xyz where that is
/// wanted.
final class ExampleWriter: Sendable {
  static let options: [CommandLineOptions.Option] = [
    .init(
      "--outdir", "-o", aliases: ["-out"], value: "DIR",
      help: "folder for *.example, made if missing; others in it stay",
      isRequired: true),
    .init(
      "--addhash", help: "names examples after the SHA-224 of their content", takesTruth: true),
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
    try Folder.make(folder)
    if let file { try text.withLock { $0 = try GrowingTextFile(file) } }
  }

  /// Writes the examples of one file, all of them or none; from any thread.
  ///
  /// - Returns: the same as extended xyz, empty where nobody wants it.
  /// - Throws: `WriteError` where the disk is at fault, `AtomisticsError` where the configurations are.
  func write(_ configurations: [ParsedConfiguration]) throws -> String {
    var lines = ""
    var contents: [(place: URL, text: Data)] = []
    var own: Set<String> = []
    do {
      for configuration in configurations {
        let configuration = named(configuration)
        let isNew = names.withLock { $0.insert(configuration.name).inserted }
        // Equal hashes are equal configurations.
        if !isNew && hashes { continue }
        guard isNew else {
          throw AtomisticsError(
            key: configuration.name, found: "two configurations of this name",
            allowed: "one, or --addhash")
        }
        own.insert(configuration.name)
        let place = folder.appendingPathComponent("\(configuration.name).example")
        let text = Data(try configuration.example().utf8)
        if try !holds(text, place, configuration.name) { contents.append((place, text)) }
        if file != nil { lines += ExtendedXYZ.encode(try configuration.structure()) }
      }
    } catch {
      names.withLock { $0.subtract(own) }
      throw error
    }
    for (place, text) in contents {
      do { try FileAccess.write(text, to: place) } catch { throw WriteError(error: error) }
    }
    return lines
  }

  /// Whether an earlier run wrote the same.
  ///
  /// - Throws: `AtomisticsError` where it wrote another example, which would be lost.
  private func holds(_ text: Data, _ place: URL, _ name: String) throws -> Bool {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: place.path, isDirectory: &isFolder),
      !isFolder.boolValue
    else { return false }
    let isSame = try FileAccess.read(place) == text
    // What a hash names is the same structure, from wherever it came.
    guard isSame || hashes else {
      throw AtomisticsError(
        key: name, found: "\(place.path) with other content, of an earlier run",
        allowed: "the same content, another --outdir, or --addhash")
    }
    return isSame
  }

  private func named(_ configuration: ParsedConfiguration) -> ParsedConfiguration {
    var own = configuration
    own.species = own.species.map { symbols[$0] ?? $0 }
    own.name = hashes ? own.hash : own.name
    return own
  }

  /// Adds to the extended xyz file; in the order it is to have.
  func append(_ lines: String) throws {
    try text.withLock { try $0?.write(lines) }
  }

  /// Completes the extended xyz file, which is not there where there is no example.
  ///
  /// - Returns: how many examples there are.
  func finish() throws -> Int {
    let count = names.withLock { $0.count }
    if count > 0 { try text.withLock { try $0?.finish() } }
    return count
  }

  /// Where examples are written.
  var path: String { folder.path }
}

/// An error of writing, after which there is no point in going on.
struct WriteError: Error, CustomStringConvertible {
  let error: any Error
  var description: String { "\(error)" }
}
