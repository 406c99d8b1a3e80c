import Atomistics
import Dataflow
import Foundation
import ProgramSupport
import Synchronization

/// A program that makes examples of what another program wrote.
protocol ParserProgram: Program {
  /// Options of its own.
  static var ownOptions: [CommandLineOptions.Option] { get }
  /// What the original calls the option of the input, where that is not `--indir`.
  static var inputAliases: [String] { get }
  /// What the files it reads are called, for messages.
  static var files: String { get }

  /// Whether a file is one to read, by its path.
  static func reads(_ file: URL) -> Bool
  /// What the examples of a file are called, unless another file's are.
  static func name(of file: URL) -> String
  /// What is read beside a file, where it is there.
  static func companions(of file: URL, _ arguments: ParsedArguments) -> [URL]
  /// Reads the configurations of a file, which are called by the name, one after the other.
  ///
  /// - Throws: `UsageError` for wrong options.
  static func reader(
    _ arguments: ParsedArguments
  ) throws -> @Sendable (ParserInput) throws -> [ParsedConfiguration]
}

/// A file that a parser is to read.
struct ParserInput: Sendable {
  let file: URL
  /// The beginning of its examples' names.
  let name: String
  /// Says something about the file that is no error.
  let remark: @Sendable (String) -> Void

  /// Of ionic steps those whose self-consistency was reached, and a remark on the others.
  ///
  /// - Throws: `AtomisticsError` where there is none.
  func converged(
    _ steps: [ParsedConfiguration], orAll allowsUnconverged: Bool
  ) throws -> [ParsedConfiguration] {
    let kept = steps.filter { $0.isConverged || allowsUnconverged }
    guard !kept.isEmpty || steps.isEmpty else {
      throw AtomisticsError(
        key: "self-consistency", found: "not reached in any of \(steps.count) ionic steps",
        allowed: "reached in one, or --allow-unconverged")
    }
    if kept.count < steps.count {
      remark(
        "self-consistency was not reached in \(steps.count - kept.count) of \(steps.count) ionic steps,"
          + " which are left out (--allow-unconverged takes them)")
    }
    return kept
  }
}

extension CommandLineOptions.Option {
  static let allowUnconverged = Self(
    "--allow-unconverged", help: "energies of self-consistency that was not reached too")
}

extension ParserProgram {
  static var inputAliases: [String] { [] }

  static func name(of file: URL) -> String { ParserFiles.plainName(of: file) }

  static func companions(of file: URL, _ arguments: ParsedArguments) -> [URL] { [] }

  static var options: CommandLineOptions {
    CommandLineOptions(
      [
        .init(
          "--indir", "-i", aliases: inputAliases, value: "DIR|FILE",
          help: "a file, or a folder of \(files)",
          isRequired: true)
      ] + ExampleWriter.options + [
        .init("--nproc", value: "N", help: "files read side by side, 0 for as many as allowed (1)")
      ] + ownOptions)
  }

  static func run(_ arguments: ParsedArguments) throws {
    let read = try reader(arguments)
    let pool = ComputePool(threads: try arguments.int("--nproc", in: 0...1024) ?? 1)
    let files = try ParserFiles(arguments["--indir"]!, self, ending: arguments["-ext"])
    if let text = arguments["--extxyz"] {
      let file = URL(fileURLWithPath: text)
      let inputs = files.inputs.flatMap { [$0.file] + companions(of: $0.file, arguments) }
      try file.check(replacesNoneOf: inputs, "--extxyz")
      guard !files.wouldHave(file) else {
        throw UsageError(
          "--extxyz \(text): would be read as well the next time: name a file outside --indir")
      }
    }
    let writer = try ExampleWriter(arguments)
    var failures = files.unreadable
    let progress = ProgressReporter(Self.name, unit: "files", total: files.inputs.count)
    let size = 8 * pool.threads
    for start in stride(from: 0, to: files.inputs.count, by: size) {
      let batch = Array(files.inputs[start..<min(files.inputs.count, start + size)])
      let results = Mutex<[Result<String, any Error>?]>(Array(repeating: nil, count: batch.count))
      pool.run(shards: batch.count) { index in
        let result = Result {
          let source = batch[index].file.lastPathComponent
          return try writer.write(
            try read(batch[index]).map { configuration in
              var configuration = configuration
              configuration.source = source
              return configuration
            })
        }
        results.withLock { $0[index] = result }
        progress.advance()
      }
      for (input, result) in zip(batch, results.withLock { $0 }) {
        do { try writer.append(try result!.get()) } catch let error as WriteError {
          throw WorkError("\(error)")
        } catch let error as AtomisticsError {
          failures.append("\(error.inFile(input.file.path))")
        } catch {
          failures.append("\(input.file.path): \(error)")
        }
      }
    }
    let count = try writer.finish()
    progress.finish(note: "\(count) examples in \(writer.path)")
    try conclude(failures, of: files.inputs.count + files.unreadable.count)
  }

  /// Tells what could not be read.
  ///
  /// - Throws: `WorkError` where there is something.
  static func conclude(_ failures: [String], of count: Int, _ what: String = "files") throws {
    if failures.isEmpty { return }
    for failure in failures { warn(failure) }
    throw WorkError("\(failures.count) of \(count) \(what) gave no examples, for the reasons above")
  }
}

/// The files of a folder that a parser is to read, with names for their examples.
struct ParserFiles {
  private(set) var inputs: [ParserInput] = []
  /// Folders that cannot be read, and why.
  private(set) var unreadable: [String] = []
  private let top: URL
  /// Whether a file of the folder is one to read.
  private let reads: (URL) -> Bool
  /// Folders where it was already: links may lead back to them.
  private var visited: Set<String> = []

  /// - Parameter ending: of the names of a folder's files that are read, without its dot; nil for any.
  /// - Throws: `UsageError` where there is nothing of that name, `WorkError` where there is nothing to read.
  init(_ path: String, _ program: any ParserProgram.Type, ending: String? = nil) throws {
    top = URL(fileURLWithPath: path)
    // What an earlier run wrote into the folder may be named like what is read: OUTCAR_000001.example.
    reads = { file in
      file.pathExtension != "example" && program.reads(file)
        && (ending == nil || file.pathExtension == ending)
    }
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw UsageError("--indir \(path): there is no such file or folder")
    }
    var files: [URL] = [top]
    if isFolder.boolValue {
      var all: [URL] = []
      collect(top, into: &all)
      files = all.filter(reads)
      if files.isEmpty && unreadable.isEmpty {
        let wanted = ending.map { "*.\($0) that are \(program.files)" } ?? program.files
        throw WorkError("\(path): there are no \(wanted) among its \(all.count) files")
      }
    }
    let plain = files.map { program.name(of: $0) }
    let uses = Dictionary(plain.map { ($0, 1) }, uniquingKeysWith: +)
    let depth = top.standardizedFileURL.pathComponents.count
    inputs = zip(files, plain).map { file, name in
      // Files of one name in several folders have those folders' names too.
      let folders = file.standardizedFileURL.pathComponents.dropFirst(depth).dropLast()
      let unique =
        uses[name]! > 1 ? (folders.map(Self.plain) + [name]).joined(separator: "__") : name
      return ParserInput(file: file, name: unique) { warn("\(file.path): \($0)") }
    }
  }

  /// Whether a file that is not there yet would be one to read.
  func wouldHave(_ file: URL) -> Bool {
    var (there, new) = (file.standardizedFileURL, [String]())
    // Links are where something is already.
    repeat {
      new.insert(there.lastPathComponent, at: 0)
      there.deleteLastPathComponent()
    } while !FolderListing.isFolder(there) && there.pathComponents.count > 1
    let place = there.resolvingSymlinksInPath().pathComponents + new
    let folder = top.resolvingSymlinksInPath().pathComponents
    guard place.starts(with: folder) else { return false }
    return !place.dropFirst(folder.count).contains { $0.hasPrefix(".") } && reads(file)
  }

  private mutating func collect(_ folder: URL, into files: inout [URL]) {
    guard visited.insert(folder.resolvingSymlinksInPath().path).inserted else { return }
    let names: [String]
    do { names = try Folder.names(in: folder) } catch {
      unreadable.append("\(error)")
      return
    }
    for name in names where !name.hasPrefix(".") {
      let place = folder.appendingPathComponent(name)
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: place.path, isDirectory: &isFolder) else {
        continue
      }
      if isFolder.boolValue { collect(place, into: &files) } else { files.append(place) }
    }
  }

  /// A file's name without its last extension, dots replaced: keys end at the first dot.
  static func plainName(of file: URL) -> String {
    var file = file
    if file.pathExtension == "gz" { file.deletePathExtension() }
    let known = [
      "xml", "xyz", "extxyz", "h5", "hdf5", "out", "log", "dump", "lammpstrj", "data", "lmp",
    ]
    if known.contains(file.pathExtension.lowercased()) { file.deletePathExtension() }
    return plain(file.lastPathComponent)
  }

  private static func plain(_ name: String) -> String {
    name.replacingOccurrences(of: ".", with: "_")
  }
}
