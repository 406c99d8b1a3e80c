import Dataflow
import DataflowAccelerators
import Foundation
import ProgramSupport

/// What a command line wants of a graph: feeds, fetches, gradients, targets, and how to run.
struct GraphRun {
  /// A value that is printed or written to a file.
  struct Result {
    let name: String
    let value: Value
    let file: URL?
  }

  let graph: Graph
  private(set) var feeds: [Value: Tensor] = [:]
  private(set) var results: [Result] = []
  private(set) var targets: [Node] = []
  private let options: SessionOptions
  private let isInitializing: Bool
  private let count: Int

  /// - Parameter isPlan: whether feeds need no files, and everything is fetched where nothing is asked
  ///   for.
  /// - Throws: `UsageError` for names that the graph does not have, for files that cannot be written or would be
  ///   lost, and where nothing is wanted.
  init(_ graph: Graph, _ arguments: ParsedArguments, isPlan: Bool = false) throws {
    self.graph = graph
    options = try Self.options(arguments)
    isInitializing = arguments.has("--initialize")
    count = try arguments.int("--repeat", in: 1 ... .max) ?? 1
    if !isPlan { try GraphRunFiles(arguments).check() }
    try readFeeds(arguments, needFiles: !isPlan)
    for text in arguments.all("--fetch") { results.append(try result(text, "--fetch")) }
    targets = try arguments.all("--target").map { name in
      guard let node = graph.node(named: name) else {
        if let error = graph.errorsOfNodes[name] { throw UsageError("--target: \(error)") }
        throw unknown("--target", name)
      }
      return node
    }
    try addGradients(arguments)
    if isPlan && results.isEmpty && targets.isEmpty { results = everything }
    guard !results.isEmpty || !targets.isEmpty || isInitializing else {
      throw UsageError("what is wanted? Say --fetch NAME, --target NAME or --initialize")
    }
  }

  // MARK: Names

  private func value(_ name: String, _ option: String) throws -> Value {
    do { return try graph.value(named: name) } catch { throw UsageError("\(option): \(error)") }
  }

  private func unknown(_ option: String, _ name: String) -> UsageError {
    let hint = name.nearest(among: graph.nodes.map(\.name)).map { "; did you mean \($0)?" } ?? ""
    return UsageError("\(option): the graph has no operation \(name)\(hint)")
  }

  private func result(_ text: String, _ option: String) throws -> Result {
    let (name, file) = text.splitAtEquals
    return Result(
      name: name, value: try value(name, option), file: file.map { URL(fileURLWithPath: $0) })
  }

  private mutating func readFeeds(_ arguments: ParsedArguments, needFiles: Bool) throws {
    for text in arguments.all("--feed") {
      let (name, file) = text.splitAtEquals
      let value = try value(name, "--feed")
      guard feeds[value] == nil else { throw UsageError("--feed: \(name) is fed twice") }
      if let file {
        feeds[value] = try NumPyFile.read(URL(fileURLWithPath: file))
      } else if needFiles {
        throw UsageError("--feed \(text): expected NAME=FILE")
      } else {
        feeds[value] = Tensor(zeros: [], elementType: value.elementType)
      }
    }
  }

  private mutating func addGradients(_ arguments: ParsedArguments) throws {
    let targets = try arguments.all("--gradient").map { try result($0, "--gradient") }
    let sources = try arguments.all("--with-respect-to").map { try result($0, "--with-respect-to") }
    guard targets.isEmpty == sources.isEmpty else {
      throw UsageError("--gradient and --with-respect-to are given together")
    }
    guard !targets.isEmpty else { return }
    let starts = try targets.map { target in
      try target.file.map { graph.constant(try NumPyFile.read($0)) }
    }
    let gradients = try graph.gradients(
      of: targets.map(\.value), withRespectTo: sources.map(\.value), outputGradients: starts)
    let names = targets.map(\.name).joined(separator: " + ")
    results += try zip(sources, gradients).map { source, gradient in
      Result(
        name: "d(\(names))/d(\(source.name))",
        value: try gradient ?? graph.noGradient(of: source.value), file: source.file)
    }
  }

  /// What nothing in the graph reads, initialisers aside.
  private var everything: [Result] {
    let read = Set(graph.nodes.flatMap(\.inputs))
    let initialisers = Set(graph.variables.map(\.initializer))
    return graph.nodes.filter { !initialisers.contains($0) }.flatMap(\.outputs)
      .filter { !read.contains($0) && $0.elementType != .resource }
      .map { Result(name: $0.name, value: $0, file: nil) }
  }

  // MARK: Running

  private static func options(_ arguments: ParsedArguments) throws -> SessionOptions {
    var options = SessionOptions(
      intraOpParallelismThreads: try arguments.int("--intra-op", in: 0...1024) ?? 1,
      interOpParallelismThreads: try arguments.int("--inter-op", in: 0...1024) ?? 1)
    let devices = try arguments.all("--device").map(device)
    if let first = devices.first {
      options.placement.devices = devices
      // What is fed and fetched lies in the host's memory.
      if first.memory != nil {
        options.placement.devices.insert(CPUDevice(), at: 0)
        options.placement.defaultDevice = first.name
      }
    }
    options.placement.log = { warn("panna: graph: \($0)") }
    return options
  }

  private static func device(_ text: String) throws -> any Device {
    let name = try? DeviceName(text)
    switch (name?.type, name?.index) {
    case ("CPU", let index): return CPUDevice(index: index ?? 0)
    case ("NULL", let index): return NullDevice(index: index ?? 0)
    case ("GPU", let index): return try AcceleratorCatalog.ofThisMachine().gpu(index ?? 0)
    case ("OPENCL", let index): return try AcceleratorCatalog.ofThisMachine().openCL(index ?? 0)
    default: throw UsageError("--device \(text): expected CPU:N, GPU:N, OPENCL:N or NULL:N")
    }
  }

  /// Runs as often as asked for and puts out the results of the last run.
  ///
  /// - Returns: when each step of the last run ran, where it is traced.
  @discardableResult
  func run(isTraced: Bool = false) throws -> RunTrace {
    let session = Session(graph, options: options)
    if isInitializing { try session.initializeVariables() }
    let trace = RunTrace()
    guard !results.isEmpty || !targets.isEmpty else { return trace }
    var tensors: [Tensor] = []
    for run in 1...count {
      let options = RunOptions(trace: isTraced && run == count ? trace : nil)
      tensors = try session.run(
        results.map(\.value), feeds: feeds, targets: targets, options: options)
    }
    for (result, tensor) in zip(results, tensors) {
      if let file = result.file {
        try NumPyFile.write(tensor, to: file)
      } else {
        say("\(result.name) = \(tensor.text())")
      }
    }
    return trace
  }

  /// The steps of a run with placeholders fed, beside what is fed anyway.
  func plan() throws -> String {
    let placeholders = graph.nodes.filter { $0.operation is Placeholder }.map(\.output)
    let session = Session(graph, options: options)
    return try session.plan(
      feeds: Array(Set(placeholders).union(feeds.keys)), fetches: results.map(\.value),
      targets: targets
    ).description
  }
}
