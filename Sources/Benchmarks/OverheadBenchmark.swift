import Dataflow

/// A graph whose run is mostly overhead, with what it must compute.
struct OverheadBenchmark: Sendable {
  let name: String
  /// What one run is divided by.
  let operations: Int
  /// Fetches, feeds and the first fetch's expected elements.
  let make:
    @Sendable (Graph) throws -> (fetches: [Value], feeds: [Value: Tensor], expected: [Float])
  var isOptimized = true
  /// Whether operations beside each other are what threads are for, rather than parts of one.
  var isOfManyChains = false

  static let all = [
    OverheadBenchmark(name: "empty run (a fed scalar is fetched)", operations: 1) { graph in
      let x = graph.placeholder(.float32, [])
      return ([x], [x: Tensor(3 as Float)], [3])
    },
    OverheadBenchmark(name: "one scalar addition, fed and fetched", operations: 1) { graph in
      let x = graph.placeholder(.float32, [])
      return ([x + 1], [x: Tensor(3 as Float)], [4])
    },
    OverheadBenchmark(name: "chain of 10,000 scalar additions", operations: 10_000, make: chain),
    OverheadBenchmark(
      name: "chain of 10,000 scalar additions, not fused", operations: 10_000, make: chain,
      isOptimized: false),
    OverheadBenchmark(
      name: "64 chains of 20 products of 64 x 64", operations: 64 * 20,
      make: { try products($0, chains: 64, length: 20, size: 64) }, isOfManyChains: true),
    OverheadBenchmark(name: "1 product of 64 x 64, as a run of its own", operations: 1) { graph in
      try products(graph, chains: 1, length: 1, size: 64)
    },
  ]

  @Sendable private static func chain(_ graph: Graph) -> ([Value], [Value: Tensor], [Float]) {
    let x = graph.placeholder(.float32, [])
    let one = graph.placeholder(.float32, [])
    let y = (0..<10_000).reduce(x) { sum, _ in sum + one }
    return ([y], [x: Tensor(0.5 as Float), one: Tensor(1 as Float)], [10_000.5])
  }

  /// Products with a permutation matrix, so that the result is known: rows move, and come back.
  private static func products(
    _ graph: Graph, chains: Int, length: Int, size: Int
  ) throws -> ([Value], [Value: Tensor], [Float]) {
    var rotation = [Float](repeating: 0, count: size * size)
    for row in 0..<size { rotation[row * size + (row + 1) % size] = 1 }
    let matrix = (0..<size * size).map { Float($0 % 251) }
    let factor = graph.placeholder(.float32, [Dimension(size), Dimension(size)])
    var feeds = [factor: Tensor(shape: [size, size], scalars: rotation)]
    let fetches = (0..<chains).map { _ -> Value in
      let start = graph.placeholder(.float32, [Dimension(size), Dimension(size)])
      feeds[start] = Tensor(shape: [size, size], scalars: matrix)
      return (0..<length).reduce(start) { product, _ in matMul(product, factor) }
    }
    let expected = (0..<size * size).map { index in
      let column = (index % size + size - length % size) % size
      return matrix[index / size * size + column]
    }
    return (fetches, feeds, expected)
  }

  var benchmark: Benchmark {
    Benchmark(workload: "D", name: name) { settings, report in report(try measure(settings)) }
  }

  /// Checks the result, then measures.
  private func measure(_ given: BenchmarkSettings) throws -> BenchmarkResult {
    let settings = isOfManyChains ? given.withOperationsSideBySide : given
    let graph = Graph()
    let (fetches, feeds, expected) = try make(graph)
    var options = SessionOptions(
      intraOpParallelismThreads: settings.intraOp, interOpParallelismThreads: settings.interOp)
    options.isOptimized = isOptimized
    let session = Session(graph, options: options)
    let result = try session.run(fetches, feeds: feeds)[0].scalars(as: Float.self)
    guard result == expected else { throw WrongResult("\(name): wrong numbers") }
    return try BenchmarkResult("D", name, settings, unit: "µs", operations: operations) {
      _ = try session.run(fetches, feeds: feeds)
    }
  }
}
