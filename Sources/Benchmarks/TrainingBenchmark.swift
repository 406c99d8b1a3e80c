import AtomicNetworks
import Dataflow

/// A training graph with a session, and what it is fed with.
struct TrainingBenchmark {
  let workload: String
  let graph: TrainingGraph
  let settings: BenchmarkSettings
  let session: Session
  let feeds: [Value: Tensor]

  init(
    _ workload: String, _ networks: [SpeciesNetwork], _ objective: TrainingObjective,
    _ settings: BenchmarkSettings, isSliced: Bool = false,
    feeds: (TrainingGraph) throws -> [Value: Tensor]
  ) throws {
    self.workload = workload
    self.settings = settings
    graph = try TrainingGraph(networks, objective: objective, isSliced: isSliced)
    var options = SessionOptions(
      intraOpParallelismThreads: settings.intraOp,
      interOpParallelismThreads: settings.interOp)
    options.placement = settings.placement
    session = Session(graph.potential.graph, options: options)
    try graph.potential.initialize(session, with: networks)
    var feeds = try feeds(graph)
    feeds[graph.learningRate] = Tensor(1e-4 as Float)
    self.feeds = feeds
  }

  func values(_ value: Value) throws -> [Double] {
    try session.run([value], feeds: feeds)[0].doubles
  }

  /// Measures runs that compute `fetches`.
  func measure(
    _ name: String, _ fetches: [Value], targets: [Node] = [], gigaflops: Double = 0,
    gigabytes: Double = 0
  ) throws -> BenchmarkResult {
    var result = try BenchmarkResult(
      workload, name, settings, gigaflops: gigaflops, gigabytes: gigabytes
    ) {
      _ = try session.run(fetches, feeds: feeds, targets: targets)
    }
    if let memory = session.memoryUse(feeds: feeds, fetches: fetches, targets: targets) {
      let megabyte = 1e6
      result.figures = [
        ("memory_MB", Double(memory.byteCount) / megabyte),
        ("lower_bound_MB", Double(memory.lowerBound) / megabyte),
      ]
    }
    return result
  }

  /// One whole training step, the loss fetched; and its operations if they are asked for.
  func step(_ name: String, gigaflops: Double, gigabytes: Double = 0) throws -> [BenchmarkResult] {
    let step = try measure(
      name, [graph.findings.loss], targets: [graph.step], gigaflops: gigaflops, gigabytes: gigabytes
    )
    return [step] + (settings.showsOperations ? try operations() : [])
  }

  /// The operations of a step, slowest first.
  private func operations() throws -> [BenchmarkResult] {
    var times: [String: [Double]] = [:]
    for _ in 0..<20 {
      let trace = RunTrace()
      _ = try session.run(
        [graph.findings.loss], feeds: feeds, targets: [graph.step],
        options: RunOptions(trace: trace))
      for record in trace.records {
        let time = (record.end - record.start) / .milliseconds(1)
        times["\(record.operation) \(record.node)", default: []].append(time)
      }
    }
    return times.map { BenchmarkResult(workload, $0.key, settings, times: $0.value) }
      .sorted { $0.least > $1.least }
  }
}

/// A Gaussian network with a linear last layer; layer l's weights are stream `stream + 2 l`.
func gaussianNetwork(_ symbol: String, _ sizes: [Int], stream: Int) -> SpeciesNetwork {
  SpeciesNetwork(
    symbol: symbol,
    layers: (0..<sizes.count - 1).map { index in
      let layer = CounterStream.layer(stream + 2 * index, sizes[index], sizes[index + 1])
      return SpeciesNetwork.Layer(
        weights: layer.weights, biases: layer.biases,
        activation: index + 2 < sizes.count ? .gaussian : .linear)
    }, offset: 0)
}

/// 10⁹ operations of the products of one training step on energies.
func gigaflopsOfStep(atoms: Int, sizes: [Int]) -> Double {
  let layers = zip(sizes, sizes.dropFirst()).map { 2e-9 * Double(atoms * $0 * $1) }
  // Forward, gradients of the weights, and of the inputs but those of the first layer.
  return 3 * layers.reduce(0, +) - layers[0]
}
