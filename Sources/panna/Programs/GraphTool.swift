import Dataflow
import Foundation
import ProgramSupport

/// Runs, shows, converts and draws graphs.
enum GraphTool: Program {
  static let name = "graph"
  static let summary = "runs, plans, converts, draws and traces dataflow graphs"
  static let options = CommandLineOptions(
    [
      .init(
        "--set", value: "NAME=value", help: "replaces a parameter of a .graph file",
        isRepeatable: true),
      .init(
        "--feed", value: "NAME=FILE", help: "reads what a value is from a .npy file",
        isRepeatable: true),
      .init(
        "--fetch", value: "NAME[=FILE]", help: "computes a value; prints or writes it",
        isRepeatable: true),
      .init("--target", value: "NAME", help: "runs an operation", isRepeatable: true),
      .init("--initialize", help: "gives variables their initial values first"),
      .init("--repeat", value: "N", help: "runs N times; results are those of the last (1)"),
      .init(
        "--gradient", value: "NAME[=FILE]",
        help: "differentiates a value, from FILE or ones on",
        isRepeatable: true),
      .init(
        "--with-respect-to", value: "NAME[=FILE]",
        help: "prints or writes the gradient by a value", isRepeatable: true),
      .init("--inter-op", value: "N", help: "operations that run at a time, 0 for all threads (1)"),
      .init("--intra-op", value: "N", help: "threads inside an operation, 0 for all (1)"),
      .init(
        "--device", value: "TYPE:N",
        help: "CPU:N, GPU:N, OPENCL:N, NULL:N; first the default",
        isRepeatable: true),
      .init("--output", "-o", value: "FILE", help: "the picture *.svg, or the trace *.json"),
      .init("--collapse", value: "N", help: "draws deeper name scopes than N as one box each"),
    ], operands: "run|plan|convert|draw|trace FILE...")
  static let details = """
    FILE is in the graph language (*.graph) or TensorFlow's GraphDef (*.pb, *.pbtxt).

      run FILE       feeds, runs and fetches; gradients are added to the graph
      plan FILE      what a run does step by step; without --fetch all values that nothing reads
      convert A B    writes graph A in the form that B's name says
      draw FILE      a picture of the graph, each variable with its initialiser as one box
      trace FILE     a run, the last one's steps as a Chrome trace: a row a thread, a bar a step

    Of a GraphDef a run takes what it needs; what only saves and restores checkpoints is left out.
    NAME is a node's name, or NAME:1 for its second output. What is written needs a folder that is
    there, and a file that no other option names.
    """
  static let example = """
      panna graph run network.graph --initialize --feed x=x.npy --fetch y=y.npy \\
          --gradient y --with-respect-to x=dy_dx.npy
      panna graph draw network.graph --collapse 1 --output network.svg
    """

  /// What may be done, and with which options.
  private enum Command: String, CaseIterable {
    case run, plan, convert, draw, trace

    var allowed: [String] {
      let place = ["--set", "--device"]
      let running = [
        "--feed", "--fetch", "--target", "--initialize", "--repeat", "--gradient",
        "--with-respect-to", "--inter-op", "--intra-op",
      ]
      switch self {
      case .run: return place + running
      case .plan:
        return place + ["--feed", "--fetch", "--target", "--gradient", "--with-respect-to"]
      case .convert: return ["--set"]
      case .draw: return ["--set", "--output", "--collapse"]
      case .trace: return place + running + ["--output"]
      }
    }
  }

  static func run(_ arguments: ParsedArguments) throws {
    let command = try command(arguments)
    let files = arguments.operands.dropFirst().map { URL(fileURLWithPath: $0) }
    let count = command == .convert ? 2 : 1
    guard files.count == count else {
      throw UsageError("\(command.rawValue) takes \(count == 1 ? "one file" : "two files")")
    }
    if count == 2, files[0].isSameFile(as: files[1]) {
      throw UsageError("convert: \(files[0].path) would be lost: name another file to write")
    }
    let graph = try GraphFile.read(files[0], parameters: parameters(arguments)) { def in
      try GraphRunImport(def, arguments).options
    }
    if !graph.leftOut.isEmpty {
      let names = graph.leftOut.joined(separator: ", ")
      warn("panna: graph: left out, since nothing here computes it: \(names)")
    }
    switch command {
    case .run: try GraphRun(graph, arguments).run()
    case .plan: say(try GraphRun(graph, arguments, isPlan: true).plan())
    case .convert: try GraphFile.write(graph, to: files[1])
    case .draw:
      let output = try output(arguments, "svg")
      let depth = try arguments.int("--collapse", in: 1...100)
      try AtomicFile.write(Array(GraphDrawing(graph, depth: depth).diagram.svg.utf8), to: output)
    case .trace:
      let output = try output(arguments, "json")
      let trace = try GraphRun(graph, arguments).run(isTraced: true)
      try AtomicFile.write(try ChromeTrace(trace).json, to: output)
    }
  }

  private static func command(_ arguments: ParsedArguments) throws -> Command {
    let names = Command.allCases.map(\.rawValue)
    guard let word = arguments.operands.first else {
      throw UsageError("what is to be done? One of \(names.joined(separator: ", "))")
    }
    guard let command = Command(rawValue: word) else {
      let hint = word.nearest(among: names).map { "; did you mean \($0)?" } ?? "."
      throw UsageError(
        "unknown subcommand \(word)\(hint) Allowed: \(names.joined(separator: ", "))")
    }
    for option in options.options.map(\.name) where arguments.has(option) {
      guard command.allowed.contains(option) else {
        throw UsageError(
          "\(word) takes no \(option); allowed: \(command.allowed.joined(separator: ", "))")
      }
    }
    return command
  }

  private static func parameters(_ arguments: ParsedArguments) throws -> [String: String] {
    var result: [String: String] = [:]
    for text in arguments.all("--set") {
      let (name, value) = text.splitAtEquals
      guard let value else { throw UsageError("--set \(text): expected NAME=value") }
      guard result.updateValue(value, forKey: name) == nil else {
        throw UsageError("--set \(name) is given twice")
      }
    }
    return result
  }

  private static func output(_ arguments: ParsedArguments, _ kind: String) throws -> URL {
    guard let path = arguments["--output"] else {
      throw UsageError("--output FILE.\(kind) is missing")
    }
    guard path.hasSuffix(".\(kind)") else {
      throw UsageError("--output \(path): expected a name that ends in .\(kind)")
    }
    return URL(fileURLWithPath: path)
  }
}

extension String {
  /// What is before the first `=`, and what is after it.
  var splitAtEquals: (String, String?) {
    guard let place = firstIndex(of: "=") else { return (self, nil) }
    return (String(self[..<place]), String(self[index(after: place)...]))
  }
}
