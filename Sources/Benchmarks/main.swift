import Dataflow
import DataflowAccelerators
import Foundation
import ProgramSupport

// How fast the engine and what is built on it are, beside what the machine can do.

let options = CommandLineOptions(
  [
    .init("--threads", "-t", value: "N", help: "threads that compute (1)"),
    .init("--inter-op", value: "N", help: "operations that run at a time (1)"),
    .init("--intra-op", value: "N", help: "threads that work on one operation (--threads)"),
    .init("--seconds", value: "N", help: "how long each case is repeated (2)"),
    .init("--repetitions", value: "N", help: "how often each case is repeated, instead"),
    .init(
      "--device", value: "DEVICE", help: "what computes training and dynamics: gpu:N or opencl:N"),
    .init("--operations", help: "measures the operations of training steps one by one too"),
    .init("--json", help: "prints one JSON object a case"),
    .init("--inputs", value: "FOLDER", help: "writes what C and F read there and ends"),
    .init("--list", help: "prints the names of the cases and ends"),
    .init("--help", "-h", help: "prints this text"),
  ], operands: "WORKLOADS")

let usage = """
  Measures how fast the engine and what is built on it are, beside what the machine can do.
  Every case checks its results first.

  USAGE: benchmarks [OPTIONS] [WORKLOADS]

  WORKLOADS are letters, or parts of the cases' names; all unless given:
    ceilings  matrix products, memory and plain C on this machine
    A         training step on energies: 1024 molecules, 768-128-128-64-1 by species
    A'        the same on descriptors of small molecules, where whole blocks are zero
    B         training step on energies and forces: 64 x 216 atoms, 48-32-16-1; and 256 molecules
    C         descriptors of small molecules and of silicon
    D         overhead of the engine
    E         molecular dynamics of silicon with a network
    F         examples from files into a training

  OPTIONS:
  \(options.help)
  """

func main() throws {
  let arguments = try options.parse(Array(CommandLine.arguments.dropFirst()))
  if arguments.has("--help") { return print(usage) }
  if arguments.has("--list") {
    for benchmark in Benchmark.all { print(benchmark.workload, benchmark.name) }
    return
  }
  if let folder = arguments["--inputs"] {
    try DescriptorBenchmark.write(to: folder)
    _ = try InputBenchmark.write(to: URL(fileURLWithPath: folder))
    return
  }
  let range = 1...1024
  let threads = try arguments.int("--threads", in: range) ?? 1
  var settings = BenchmarkSettings(
    interOp: try arguments.int("--inter-op", in: range) ?? 1,
    intraOp: try arguments.int("--intra-op", in: range) ?? threads,
    seconds: Double(try arguments.int("--seconds", in: 0...3600) ?? 2),
    repetitions: try arguments.int("--repetitions", in: 1...1_000_000),
    showsOperations: arguments.has("--operations"))
  if let name = arguments["--device"] {
    let device = try AcceleratorCatalog.ofThisMachine().device(named: name)
    settings.placement.devices.append(device)
    settings.placement.defaultDevice = device.name
    FileHandle.standardError.write(Data("on \(device.properties.name)\n".utf8))
  }
  for word in arguments.operands where !Benchmark.all.contains(where: { $0.isNamed(by: [word]) }) {
    throw UsageError("no case is called \(word); benchmarks --list names all")
  }
  for benchmark in Benchmark.all where benchmark.isNamed(by: arguments.operands) {
    try benchmark.measure(settings) { result in
      // At once, also into a pipe.
      let line = arguments.has("--json") ? result.json : result.line
      FileHandle.standardOutput.write(Data("\(line)\n".utf8))
    }
  }
}

do {
  try main()
} catch {
  FileHandle.standardError.write(Data("error: \(error)\n".utf8))
  exit(error is UsageError ? 2 : 1)
}
