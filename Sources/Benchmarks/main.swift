import Dataflow
import Foundation
import ProgramSupport

// What the engine itself costs beside the arithmetic.

let options = CommandLineOptions([
  .init("--inter-op", value: "N", help: "operations that run at a time (1)"),
  .init("--intra-op", value: "N", help: "threads that work on one operation (1)"),
  .init("--seconds", value: "N", help: "how long each case is repeated (2)"),
  .init("--json", help: "prints one JSON object a case"),
  .init("--help", "-h", help: "prints this text"),
])

func main() throws {
  let arguments = try options.parse(Array(CommandLine.arguments.dropFirst()))
  if arguments.has("--help") {
    print("Measures what the engine costs beside the arithmetic.\n\nOPTIONS:\n\(options.help)")
    return
  }
  let settings = BenchmarkSettings(
    interOp: try arguments.int("--inter-op", in: 0...1024) ?? 1,
    intraOp: try arguments.int("--intra-op", in: 0...1024) ?? 1,
    seconds: Double(try arguments.int("--seconds", in: 1...3600) ?? 2))
  for benchmark in OverheadBenchmark.all {
    let result = try benchmark.measure(settings)
    print(arguments.has("--json") ? result.json : result.line)
  }
}

do {
  try main()
} catch {
  FileHandle.standardError.write(Data("error: \(error)\n".utf8))
  exit(1)
}
