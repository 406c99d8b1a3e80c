import Dataflow
import Foundation
import ProgramSupport
import Testing

@testable import panna

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// `panna graph` as the command line runs it.
@Suite struct GraphToolTests {
  private static let text = """
    # y = tanh(x w) and what may be asked of it
    parameter scale = 2
    x = placeholder(float[n, 2])
    w = variable(float[2, 1] [0.5, -1])
    y = Tanh(MatMul(x, w)) * scale
    more = Assign(w, w + fill(float[2, 1], 1.0))
    """

  private func prepared() throws -> ProgramFixture {
    let fixture = try ProgramFixture()
    try fixture.write(Self.text, to: "net.graph")
    let x = Tensor(shape: [3, 2], scalars: [1, 0, 0, 1, 0.5, 0.25] as [Float])
    try NumPyFile.write(x, to: fixture.url("x.npy"))
    return fixture
  }

  private func read(_ name: String, _ fixture: ProgramFixture) throws -> [Float] {
    try NumPyFile.read(fixture.url(name)).scalars(as: Float.self)
  }

  @Test func runFeedsFetchesAndDifferentiates() throws {
    let fixture = try prepared()
    try NumPyFile.write(
      Tensor(shape: [3, 1], scalars: [1, 0, 2] as [Float]), to: fixture.url("dy.npy"))
    try fixture.run(
      GraphTool.self, "run", fixture.path("net.graph"), "--initialize", "--set", "scale=3",
      "--feed", "x=\(fixture.path("x.npy"))", "--fetch", "y=\(fixture.path("y.npy"))",
      "--gradient", "y=\(fixture.path("dy.npy"))",
      "--with-respect-to", "x=\(fixture.path("dx.npy"))",
      "--with-respect-to", "w=\(fixture.path("dw.npy"))", "--intra-op", "2", "--inter-op", "2")
    let sums: [Float] = [0.5, -1, 0]
    for (found, sum) in zip(try read("y.npy", fixture), sums) {
      #expect(abs(found - 3 * Foundation.tanh(sum)) < 1e-6)
    }
    let slopes = zip(sums, [1, 0, 2] as [Float]).map { sum, start in
      3 * start * (1 - Foundation.tanh(sum) * Foundation.tanh(sum))
    }
    let dx = try read("dx.npy", fixture)
    for (row, slope) in slopes.enumerated() {
      #expect(abs(dx[2 * row] - 0.5 * slope) < 1e-6 && abs(dx[2 * row + 1] + slope) < 1e-6)
    }
    let dw = try read("dw.npy", fixture)
    #expect(abs(dw[0] - slopes[0] - 0.5 * slopes[2]) < 1e-6)
    #expect(abs(dw[1] - slopes[1] - 0.25 * slopes[2]) < 1e-6)
  }

  @Test func targetsRunAsOftenAsAskedFor() throws {
    let fixture = try prepared()
    try fixture.run(
      GraphTool.self, "run", fixture.path("net.graph"), "--initialize", "--target", "more",
      "--repeat", "3", "--fetch", "w=\(fixture.path("w.npy"))")
    #expect(try read("w.npy", fixture) == [3.5, 2])
  }

  @Test func convertGoesThroughAllForms() throws {
    let fixture = try prepared()
    let names = ["net.graph", "a.pb", "b.pbtxt", "c.graph", "d.graph"]
    for (from, to) in zip(names, names.dropFirst()) {
      try fixture.run(GraphTool.self, "convert", fixture.path(from), fixture.path(to))
    }
    #expect(try fixture.text("c.graph") == fixture.text("d.graph"))
    try fixture.run(
      GraphTool.self, "run", fixture.path("d.graph"), "--initialize",
      "--feed", "x=\(fixture.path("x.npy"))", "--fetch", "y=\(fixture.path("y.npy"))")
    #expect(abs(try read("y.npy", fixture)[0] - 2 * Foundation.tanh(0.5)) < 1e-6)
  }

  /// What TensorFlow's graph has a constant for may be fed, although constants are attributes here.
  @Test func constantsMayBeFed() throws {
    let fixture = try ProgramFixture()
    try fixture.write(
      #"""
      node { name: "k" op: "Const" attr { key: "dtype" value { type: DT_INT32 } }
        attr { key: "value" value { tensor { dtype: DT_INT32 tensor_shape { } int_val: 3 } } } }
      node { name: "n" op: "AddV2" input: "k" input: "k" }
      """#, to: "k.pbtxt")
    try NumPyFile.write(Tensor(Int32(5)), to: fixture.url("k.npy"))
    try fixture.run(
      GraphTool.self, "run", fixture.path("k.pbtxt"), "--feed", "k=\(fixture.path("k.npy"))",
      "--fetch", "n=\(fixture.path("n.npy"))")
    #expect(try NumPyFile.read(fixture.url("n.npy")) == Tensor(Int32(10)))
  }

  /// What a run does not need may be anything; what is fed says how many dimensions it has. What nothing can compute is
  /// left out of a conversion only where nothing else is made of it.
  @Test func runsImportWhatTheyNeed() throws {
    let fixture = try ProgramFixture()
    let placeholder = #"op: "Placeholder" attr { key: "dtype" value { type: DT_DOUBLE } } }"#
    let text = """
      node { name: "x" \(placeholder)
      node { name: "unused" \(placeholder)
      node { name: "y" op: "Neg" input: "x:0" }

      """
    try fixture.write(
      text + #"node { name: "z" op: "Unheard" input: "y" }"#, to: "net.pbtxt")
    try NumPyFile.write(Tensor([4.0, 9]), to: fixture.url("x.npy"))
    let feed = ["run", fixture.path("net.pbtxt"), "--feed", "x=\(fixture.path("x.npy"))"]
    try GraphTool.run(
      GraphTool.options.parse(feed + ["--fetch", "y=\(fixture.path("y.npy"))"]))
    #expect(try NumPyFile.read(fixture.url("y.npy")) == Tensor([-4.0, -9]))
    let unheard = fixture.message {
      try GraphTool.run(GraphTool.options.parse(feed + ["--fetch", "z"]))
    }
    #expect(unheard.contains("there is no operation Unheard"))
    try fixture.write(
      text.replacing(
        "DT_DOUBLE } }", with: "DT_DOUBLE } } attr { key: \"shape\" value { shape {} } }",
        maxReplacements: 1), to: "shaped.pbtxt")
    try fixture.run(
      GraphTool.self, "convert", fixture.path("shaped.pbtxt"), fixture.path("net.graph"))
    let converted = try fixture.text("net.graph")
    #expect(converted.contains("y = Neg(x)") && !converted.contains("unused"))
  }

  @Test func planTellsTheSteps() throws {
    let fixture = try prepared()
    let graph = try GraphFile.read(fixture.url("net.graph"))
    let arguments = try GraphTool.options.parse(["plan", "net.graph", "--fetch", "y"])
    let plan = try GraphRun(graph, arguments, isPlan: true).plan()
    #expect(plan.contains("FusedProduct y "))
    #expect(!plan.contains("Assign"))
    let all = try GraphTool.options.parse(["plan", "net.graph"])
    #expect(try GraphRun(graph, all, isPlan: true).plan().contains("Assign more"))
  }

  @Test func drawLaysOutEveryNode() throws {
    let fixture = try prepared()
    try fixture.run(
      GraphTool.self, "draw", fixture.path("net.graph"), "-o", fixture.path("net.svg"))
    let svg = try fixture.text("net.svg")
    let document = try XMLReader.names(svg)
    #expect(document.filter { $0 == "g" }.count == 10)
    for name in ["y/MatMul", "placeholder", "variable float[2, 1]"] {
      #expect(svg.lowercased().contains(name.lowercased()))
    }
    #expect(!svg.contains("initial_value</text>"))
    try fixture.run(
      GraphTool.self, "draw", fixture.path("net.graph"), "-o", fixture.path("net.svg"),
      "--collapse", "1")
    #expect(try XMLReader.names(fixture.text("net.svg")).filter { $0 == "g" }.count == 4)
  }

  @Test func traceHasABarForEachStep() throws {
    struct Trace: Decodable {
      struct Event: Decodable {
        let name: String
        let ph: String
        let ts: Double
        let dur: Double
        let tid: Int
        let args: [String: String]
      }
      let traceEvents: [Event]
    }
    let fixture = try prepared()
    try fixture.run(
      GraphTool.self, "trace", fixture.path("net.graph"), "--initialize", "--feed",
      "x=\(fixture.path("x.npy"))", "--fetch", "y=\(fixture.path("y.npy"))", "--repeat", "2",
      "-o", fixture.path("trace.json"))
    let trace = try JSONDecoder().decode(Trace.self, from: fixture.bytes("trace.json"))
    let bars = trace.traceEvents.filter { $0.ph == "X" }
    #expect(bars.filter { $0.args["node"] == "y" }.count == 1)
    #expect(bars.allSatisfy { $0.dur >= 0 && $0.ts >= 0 })
    let rows = Set(trace.traceEvents.filter { $0.ph == "M" }.map(\.tid))
    #expect(Set(bars.map(\.tid)).isSubset(of: rows))
  }

  private static let mistakes: [(arguments: [String], message: String)] = [
    ([], "what is to be done? One of run, plan, convert, draw, trace"),
    (["rum"], "unknown subcommand rum; did you mean run? Allowed: run, plan, convert, draw, trace"),
    (["run"], "run takes one file"),
    (["convert", "net.graph"], "convert takes two files"),
    (
      ["convert", "net.graph", "net.graph"],
      "convert: net.graph would be lost: name another file to write"
    ),
    (
      ["plan", "net.graph", "--repeat", "2"],
      "plan takes no --repeat; allowed: --set, --device, --feed, --fetch, --target, --gradient,"
        + " --with-respect-to"
    ),
    (["run", "net.graph"], "what is wanted? Say --fetch NAME, --target NAME or --initialize"),
    (
      ["run", "net.graph", "--fetch", "z"],
      "--fetch: the graph has no value z; did you mean w, x, y?"
    ),
    (
      ["run", "net.graph", "--target", "mor"],
      "--target: the graph has no operation mor; did you mean more?"
    ),
    (["run", "net.graph", "--feed", "x", "--fetch", "y"], "--feed x: expected NAME=FILE"),
    (
      ["run", "net.graph", "--gradient", "y"], "--gradient and --with-respect-to are given together"
    ),
    (
      ["run", "net.graph", "--device", "GPX:0", "--fetch", "y"],
      "--device GPX:0: expected CPU:N, GPU:N, OPENCL:N or NULL:N"
    ),
    (["draw", "net.graph"], "--output FILE.svg is missing"),
    (["draw", "net.graph", "-o", "a.png"], "--output a.png: expected a name that ends in .svg"),
    (["run", "net.graph", "--set", "scale"], "--set scale: expected NAME=value"),
    (["run", "net.graph", "--set", "scale=1", "--set", "scale=2"], "--set scale is given twice"),
    (
      ["run", "net.graph", "--set", "scal=1"],
      "net.graph has no parameter scal; did you mean scale?; parameters: scale"
    ),
    (["run", "net.txt"], "net.txt: the name of a graph's file ends in .graph, .pb, .pbtxt"),
  ]

  @Test(arguments: mistakes.indices) func mistakesAreNamed(index: Int) throws {
    let (arguments, message) = Self.mistakes[index]
    let fixture = try prepared()
    let full = arguments.map { $0.hasPrefix("net.") ? fixture.path($0) : $0 }
    let found = fixture.message { try GraphTool.run(GraphTool.options.parse(full)) }
    #expect(found == message)
  }

  /// Files of a run that would be lost, or have no place; nothing else is written then.
  private static let losses: [(arguments: [String], message: String)] = [
    (
      ["--fetch", "y=y.npy", "--fetch", "x=./no/../y.npy"],
      "--fetch x=./no/../y.npy: --fetch y=y.npy has the same file"
    ),
    (["--fetch", "y=x.npy"], "--fetch y=x.npy: --feed x=x.npy has the same file"),
    (["--fetch", "y=net.graph"], "--fetch y=net.graph: FILE net.graph has the same file"),
    (
      ["--fetch", "y=y.npy", "--gradient", "y", "--with-respect-to", "x=y.npy"],
      "--with-respect-to x=y.npy: --fetch y=y.npy has the same file"
    ),
    (
      ["--fetch", "y=y.npy", "--gradient", "y=dy.npy", "--with-respect-to", "x=dy.npy"],
      "--with-respect-to x=dy.npy: --gradient y=dy.npy has the same file"
    ),
    (
      ["--fetch", "y=y.npy", "--gradient", "y", "--with-respect-to", "x=x.npy"],
      "--with-respect-to x=x.npy: --feed x=x.npy has the same file"
    ),
    (
      ["--fetch", "y=y.npy", "--fetch", "x=no/x.npy"],
      "--fetch x=no/x.npy: there is no such folder to write it to"
    ),
    (["--fetch", "y=y.npy", "--fetch", "x=folder"], "--fetch x=folder: is a folder"),
  ]

  @Test(arguments: losses.indices) func runsLoseNoFiles(index: Int) throws {
    let (arguments, message) = Self.losses[index]
    let fixture = try prepared()
    try NumPyFile.write(
      Tensor(shape: [3, 1], scalars: [1, 1, 1] as [Float]), to: fixture.url("dy.npy"))
    try FileManager.default.createDirectory(
      at: fixture.url("folder"), withIntermediateDirectories: true)
    let before = try ["net.graph", "x.npy", "dy.npy"].map { try fixture.bytes($0) }
    let files = ["--feed", "x=x.npy"] + arguments
    let full =
      ["run", fixture.path("net.graph"), "--initialize"]
      + files.map { $0.replacing("=", with: "=\(fixture.folder.path)/") }
    let found = fixture.message { try GraphTool.run(GraphTool.options.parse(full)) }
    let end =
      message.hasSuffix("same file") ? ", which would be lost: name another one to write" : ""
    #expect(found == message + end)
    #expect(try ["net.graph", "x.npy", "dy.npy"].map { try fixture.bytes($0) } == before)
    #expect(!fixture.exists("y.npy"))
    #expect(throws: UsageError.self) { try GraphTool.run(GraphTool.options.parse(full)) }
  }

  @Test func mistakesInTextsHaveStatusOne() throws {
    let fixture = try prepared()
    try fixture.write("y = Tahn(x)", to: "bad.graph")
    #expect(CommandLineTool.run(["graph", "plan", fixture.path("bad.graph")]) == 1)
    #expect(CommandLineTool.run(["graph", "plan", fixture.path("net.graph")]) == 0)
    #expect(CommandLineTool.run(["graph", "plan"]) == 2)
  }

  /// What `Print` says goes to the standard error, values to the standard output.
  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: TrainTests.executable)))
  func printedValues() throws {
    let fixture = try ProgramFixture()
    try fixture.write(
      """
      x = variable(fill(float[4], 0.5))
      total = Sum(x, axes: [0], keep_dims: false)
      y = Print(total * 2, x, total, message: "x and its sum: ", first_n: 2, summarize: 2)
      """, to: "shown.graph")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: TrainTests.executable)
    process.arguments = [
      "graph", "run", fixture.path("shown.graph"), "--initialize", "--fetch", "y", "--repeat", "3",
    ]
    let (out, error) = (Pipe(), Pipe())
    (process.standardOutput, process.standardError) = (out, error)
    try process.run()
    let values = String(decoding: out.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let said = String(decoding: error.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(values == "y = float[] [4.0]\n")
    let line = "x and its sum: [0.5 0.5...][2.0]\n"
    #expect(said == line + line)
  }
}

/// The names of a document's elements, in their order; not well-formed ones throw.
enum XMLReader {
  static func names(_ text: String) throws -> [String] {
    final class Names: NSObject, XMLParserDelegate {
      var all: [String] = []
      func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
        qualifiedName: String?, attributes: [String: String]
      ) { all.append(name) }
    }
    let names = Names()
    let parser = XMLParser(data: Data(text.utf8))
    parser.delegate = names
    guard parser.parse() else { throw WorkError("not well-formed: \(parser.lineNumber)") }
    return names.all
  }
}
