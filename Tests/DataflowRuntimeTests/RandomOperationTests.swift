import Dataflow
import Testing

/// Random numbers: their distributions, and what they depend on.
@Suite struct RandomOperationTests {
  private func draw(
    _ operation: any Operation, _ inputs: [Tensor] = [], runs: Int = 1, threads: Int = 1
  ) throws -> [Tensor] {
    let graph = Graph()
    let value = try graph.add(operation, inputs.map { graph.constant($0) }).output
    let session = Session(graph, executor: ComputePool(threads: threads))
    return try (0..<runs).map { _ in try session.run([value])[0] }
  }

  private static let distributions: [any Operation] = [
    RandomUniform(shape: [20_000], elementType: .float64, seeds: (1, 2)),
    RandomStandardNormal(shape: [20_000], elementType: .float64, seeds: (1, 2)),
    TruncatedNormal(shape: [20_000], elementType: .float64, seeds: (1, 2)),
  ]

  @Test(arguments: 0..<3) func hasMeanVarianceAndRange(index: Int) throws {
    let x = try draw(Self.distributions[index])[0].scalars(as: Double.self)
    let mean = x.reduce(0, +) / Double(x.count)
    let variance = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(x.count)
    // Of the normal distribution cut off at 2 standard deviations: 0.7737.
    let expected = [(0.5, 1.0 / 12), (0, 1), (0, 0.7737)][index]
    #expect(abs(mean - expected.0) < 0.03)
    #expect(abs(variance - expected.1) < 0.04)
    if index == 0 { #expect(x.allSatisfy { $0 >= 0 && $0 < 1 }) }
    if index == 2 { #expect(x.allSatisfy { abs($0) <= 2 }) }
  }

  @Test(arguments: 0..<3) func goesOnFromRunToRunAndDependsOnSeedsAlone(index: Int) throws {
    let first = try draw(Self.distributions[index], runs: 2)
    let second = try draw(Self.distributions[index], runs: 2, threads: 4)
    #expect(first[0] != first[1])
    #expect(zip(first, second).allSatisfy { $0 == $1 })
  }

  @Test func differsBetweenSessionsWithoutSeeds() throws {
    let operation = RandomUniform(shape: [8])
    #expect(try draw(operation)[0] != draw(operation)[0])
  }

  /// Nodes that call one function have numbers of their own each, as if each had the function for itself.
  @Test(arguments: [1, 2]) func callsOfOneFunctionDrawForThemselves(lanes: Int) throws {
    let graph = try Graph(
      text: """
        p = placeholder(bool[])
        function draw() { return RandomUniform(shape: [100], dtype: double, seed: 1, seed2: 2) }
        function both() { return If(true, then_branch: draw, else_branch: draw) }
        a = If(p, then_branch: draw, else_branch: draw)
        b = If(p, then_branch: draw, else_branch: draw)
        c = If(p, then_branch: both, else_branch: both)
        alone = RandomUniform(shape: [100], dtype: double, seed: 1, seed2: 2)
        """)
    func value(_ name: String) throws -> Value { try #require(graph.node(named: name)?.output) }
    let session = Session(
      graph,
      options: SessionOptions(intraOpParallelismThreads: lanes, interOpParallelismThreads: lanes))
    let values = try ["a", "b", "c", "alone"].map(value)
    var earlier: [Tensor] = []
    for _ in 0..<20 {
      let found = try session.run(values, feeds: [value("p"): Tensor(true)])
      #expect(found.allSatisfy { $0 == found[3] } && !earlier.contains(found[3]))
      earlier.append(found[3])
    }
  }

  @Test func wholeNumbersAreInTheirRange() throws {
    let bounds = [Tensor(-3 as Int32), Tensor(4 as Int32)]
    let x = try draw(RandomUniformInt(shape: [2000], seeds: (5, 0)), bounds)[0]
    #expect(Set(x.scalars(as: Int32.self)) == Set(-3..<4))
    #expect(throws: GraphError.self) {
      try draw(RandomUniformInt(shape: [2]), [Tensor(4 as Int32), Tensor(4 as Int32)])
    }
  }

  @Test func statelessNumbersDependOnTheSeedAlone() throws {
    let operations: [any Operation] = [
      StatelessRandomUniform(shape: [100]), StatelessRandomNormal(shape: [100]),
      StatelessTruncatedNormal(shape: [100]),
    ]
    for operation in operations {
      let one = try draw(operation, [Tensor([1, 2] as [Int64])], runs: 2)
      #expect(one[0] == one[1])
      #expect(try draw(operation, [Tensor([1, 3] as [Int64])])[0] != one[0])
    }
  }

  @Test func assertionsNameWhatTheyFound() throws {
    let graph = Graph()
    let x = graph.placeholder(.float64, [4])
    let node = try graph.assert(all(x .> 0), [x], summarize: 2)
    let session = Session(graph)
    _ = try session.run([], feeds: [x: Tensor([1.0, 2, 3, 4])], targets: [node])
    #expect {
      try session.run([], feeds: [x: Tensor([1.0, 2, -3, 4])], targets: [node])
    } throws: { error in
      (error as? GraphError)?.message == "assertion failed: [1.0 2.0...]"
    }
  }

  @Test(arguments: [Double.nan, .infinity]) func numericsAreChecked(bad: Double) throws {
    let graph = Graph()
    let x = graph.placeholder(.float64, [2])
    let y = checkNumerics(x, message: "energy")
    #expect {
      try Session(graph).run([y], feeds: [x: Tensor([1.0, bad])])
    } throws: { error in
      (error as? GraphError)?.message == "energy: element 1 is \(bad)"
    }
  }
}
