import Dataflow

/// D: what making a plan takes for a layer, in a small graph and in a large one.
enum PlanningBenchmark {
  static let all = [100, 1000].map { layers in
    let name = "plan of a training of \(layers) layers: a layer"
    return Benchmark(workload: "D", name: name) { settings, report in
      let graph = Graph()
      let x = graph.placeholder(.float32, [4])
      let (loss, updates) = try training(graph, x, layers)
      let session = Session(graph)
      try session.initializeVariables()
      let found = try session.run(
        [loss], feeds: [x: Tensor([1, 2, 3, 4] as [Float])], targets: updates)
      try check(name, Double(found[0].scalar(as: Float.self)), 10, tolerance: 1e-6)
      report(
        try BenchmarkResult("D", name, settings, unit: "µs", operations: layers) {
          _ = try session.plan(feeds: [x], fetches: [loss], targets: updates)
        })
    }
  }

  /// A loss that is as if there were no layers, and what changes their variables by its gradients.
  private static func training(
    _ graph: Graph, _ x: Value, _ layers: Int
  ) throws -> (loss: Value, updates: [Node]) {
    let ones = Tensor([1, 1, 1, 1] as [Float])
    let variables = try (0..<layers).map { try graph.variable(ones, name: "scales_\($0)").value }
    let loss = sum(variables.reduce(x) { abs($0 * $1) })
    let gradients = try graph.gradients(of: [loss], withRespectTo: variables)
    let updates = try zip(variables, gradients).map { variable, gradient in
      try graph.add(AssignSub(), [variable, gradient! * 0.1])
    }
    return (loss, updates)
  }
}
