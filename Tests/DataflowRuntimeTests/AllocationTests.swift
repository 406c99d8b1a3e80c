#if os(Linux)
  import Dataflow
  import DataflowGraph
  import TestSupport
  import Testing

  /// After the first runs a step asks for no memory.
  @Suite(.serialized) struct AllocationTests {
    /// The most that a step may ask for: the list of its sizes where it finds out some, and what
    /// carries its work to other threads.
    private func allowance(_ node: Node, threads: Int) -> Int {
      (node.graph.hasLateSizes ? 1 : 0) + (threads > 1 ? 1 : 0)
    }

    @Test func theCounterCounts() {
      var values: [[Int]] = []
      #expect(allocationCount { values = [] } == 0)
      #expect(allocationCount { values.append(Array(repeating: 1, count: values.count + 5)) } == 2)
    }

    /// Allocations of a run after some others.
    private func allocations(
      _ graph: Graph, _ feeds: [Value: Tensor], _ targets: [Node], _ options: SessionOptions
    ) throws -> Int {
      let session = Session(graph, options: options)
      for _ in 0..<3 { _ = try session.run([], feeds: feeds, targets: targets) }
      return try allocationCount { _ = try session.run([], feeds: feeds, targets: targets) }
    }

    @Test(arguments: [1, 2]) func stepsOfEveryOperation(threads: Int) throws {
      var options = SessionOptions(intraOpParallelismThreads: threads)
      options.isOptimized = false
      var wrong: [String] = []
      for operation in OperationRegistry.builtIn {
        for (index, sample) in operation.samples.enumerated() {
          let graph = Graph()
          let inputs = sample.inputs.map {
            graph.placeholder($0.elementType, SymbolicShape($0.shape))
          }
          let nodes = try (0..<9).map { _ in try graph.add(sample.operation, inputs) }
          let feeds = Dictionary(uniqueKeysWithValues: zip(inputs, sample.inputs))
          let one = try allocations(graph, feeds, [nodes[0]], options)
          let nine = try allocations(graph, feeds, nodes, options)
          let most = one + 8 * allowance(nodes[0], threads: threads)
          if nine > most { wrong.append("\(operation.name) \(index): \(one), nine: \(nine)") }
        }
      }
      #expect(wrong.isEmpty, "\(wrong.joined(separator: "\n"))")
    }
  }
#endif
