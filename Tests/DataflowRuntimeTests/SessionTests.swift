import Dataflow
import Testing

@Suite struct SessionTests {
  @Test func computesWhatIsFetched() throws {
    let graph = Graph()
    let x = graph.placeholder(.float64, ["rows", 3], name: "x")
    let y = exp(-square(x))
    let total = sum(y)
    let session = Session(graph)
    for rows in [2, 5, 0, 1, 9] {
      let input = Tensor.random([rows, 3], seed: UInt64(rows))
      let results = try session.run([total, x], feeds: [x: input])
      let expected = input.scalars(as: Double.self).reduce(0) { $0 + naiveExp(-$1 * $1) }
      #expect(abs(results[0].scalar(as: Double.self) - expected) < 1e-13 * max(1, expected))
      #expect(results[1] == input)
    }
  }

  /// The Taylor series with halving, independent of the engine's exponential.
  private func naiveExp(_ x: Double) -> Double {
    let small = x / 64
    let series = (1...20).reversed().reduce(1.0) { 1 + $0 * small / Double($1) }
    return (0..<6).reduce(series) { value, _ in value * value }
  }

  @Test func anyValueCanBeFed() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [2], name: "x")
    let middle = x * 3
    let y = middle + 1
    let result = try Session(graph).run([y], feeds: [middle: Tensor([10, 20] as [Float])])
    #expect(result[0] == Tensor([11, 21] as [Float]))
  }

  @Test func variablesKeepTheirState() throws {
    let graph = Graph()
    let counter = try graph.variable(Tensor(0.0), name: "counter")
    let increment = try graph.add(Assign(), [counter.value, counter.value + 1])
    let session = Session(graph)
    try session.initializeVariables()
    for step in 1...5 {
      let value = try session.run([counter.value], targets: [increment])[0]
      #expect(value.scalar(as: Double.self) == Double(step))
    }
    let other = Session(graph)
    try other.assign(Tensor(41.0), to: counter)
    _ = try other.run([], targets: [increment])
    #expect(try other.value(of: counter) == Tensor(42.0))
    #expect(try session.value(of: counter) == Tensor(5.0))
  }

  /// A node that does not depend on a write reads what was there before it, wherever it stands in
  /// the graph.
  @Test func variablesAreReadBeforeTheyAreWritten() throws {
    let graph = Graph()
    let w = try graph.variable(Tensor(2.0), name: "w")
    let write = try graph.add(Assign(), [w.value, w.value * 10])
    let lateReader = identity(w.value) + 1
    let afterwards = write.output + 1
    let session = Session(graph)
    try session.initializeVariables()
    let results = try session.run([lateReader, afterwards])
    #expect(results.map { $0.scalar(as: Double.self) } == [3, 21])
  }

  @Test func twoWritesNeedAnOrder() throws {
    let graph = Graph()
    let w = try graph.variable(Tensor(2.0), name: "w")
    let first = try graph.add(Assign(), [w.value, graph.constant(Tensor(3.0))], name: "first")
    let second = try graph.add(Assign(), [w.value, graph.constant(Tensor(4.0))], name: "second")
    let error = #expect(throws: GraphError.self) {
      try Session(graph).run([], targets: [first, second])
    }
    #expect(error?.node == "second")
    #expect(error?.message.contains("first") == true)
    let third = try graph.add(
      Assign(), [w.value, graph.constant(Tensor(5.0))], name: "third", controlInputs: [first])
    #expect(try Session(graph).run([w.value], targets: [third])[0] == Tensor(5.0))
  }

  @Test func readingAnUninitializedVariableIsAnError() throws {
    let graph = Graph()
    let w = try graph.variable(Tensor(2.0), name: "w")
    let error = #expect(throws: GraphError.self) { try Session(graph).run([w.value * 2]) }
    #expect(error?.description == "VariableV2 \"w\" (): was read before it was initialized")
  }

  @Test func feedsThatDoNotFitAreNamed() throws {
    let graph = Graph()
    let x = graph.placeholder(.float64, ["n", 2], name: "x")
    let y = graph.placeholder(.float64, ["n"], name: "y")
    let z = sum(x) + sum(y)
    let session = Session(graph)
    func message(_ x1: Tensor, _ y1: Tensor) -> String {
      do {
        _ = try session.run([z], feeds: [x: x1, y: y1])
        return ""
      } catch { return "\(error)" }
    }
    #expect(
      message(Tensor.random([3, 2]), Tensor.random([4]))
        == "feed y is double[n], got double[4]: \"n\" is 4, but 3 in x")
    #expect(
      message(Tensor.random([3, 5]), Tensor.random([3]))
        == "feed x is double[n, 2], got double[3, 5]: dimension 1 is 5, expected 2")
    #expect(
      message(Tensor([1, 2] as [Float]), Tensor.random([3]))
        == "feed x is double[n, 2], got float[2]: the types differ")
    #expect(message(Tensor.random([3, 2]), Tensor.random([3])) == "")
  }

  /// A size that stands alone nowhere follows from what is fed, and from it another one.
  @Test func polynomialsFixTheirSizes() throws {
    let (a, b): (Dimension, Dimension) = ("a", "b")
    let graph = Graph()
    let x = graph.placeholder(.float64, [a * b + b], name: "x")
    let y = graph.placeholder(.float64, [3 * a + 1], name: "y")
    let ones = fill([a, b], with: graph.constant(1, .float64))
    let session = Session(graph)
    func run(_ x1: Int, _ y1: Int) throws -> [Tensor] {
      try session.run(
        [ones, y * 2], feeds: [x: Tensor(zeros: [x1], elementType: .float64), y: .random([y1])])
    }
    for (first, second, shape) in [(9, 7, [2, 3]), (5, 1, [0, 5]), (3, 7, [2, 1])] {
      let found = try run(first, second)
      #expect(found[0].shape == Shape(shape) && found[1].shape == [second])
    }
    func message(_ x1: Int, _ y1: Int) -> String? {
      #expect(throws: GraphError.self) { try run(x1, y1) }?.message
    }
    #expect(
      message(9, 6)
        == "feed y is double[3*a + 1], got double[6]: dimension 0: no size \"a\" makes 3*a + 1 be 6"
    )
    #expect(
      message(9, 0)
        == "feed y is double[3*a + 1], got double[0]: dimension 0: no size \"a\" makes 3*a + 1 be 0"
    )
    #expect(
      message(8, 7)
        == "feed x is double[a*b + b], got double[8]: dimension 0: no size \"b\" makes a*b + b be 8"
        + " where \"a\" is 2")
    // Its powers, or two of which neither is known, are not solved for.
    let square = graph.placeholder(.float64, [a * a], name: "square")
    #expect(throws: GraphError.self) {
      try session.run([square + 1], feeds: [square: .random([4])])
    }
    #expect(throws: GraphError.self) { try session.run([x + 1], feeds: [x: .random([4])]) }
  }

  /// Who finds out a size that follows from a feed only checks it.
  @Test func sizesThatFollowFromFeedsAreChecked() throws {
    let graph = try Graph(
      text: """
        x = placeholder(double[n])
        w = Where(x > 0)
        z = placeholder(double[size(w, 0) * 2])
        y = Reshape(z, shape: [2, size(w, 0)])
        """)
    func value(_ name: String) throws -> Value { try graph.value(named: name) }
    let (x, w, y, z) = (try value("x"), try value("w"), try value("y"), try value("z"))
    let session = Session(graph)
    let feeds = [x: Tensor([1.0, -1, 2]), z: Tensor([1.0, 2, 3, 4])]
    let found = try session.run([y, w], feeds: feeds)
    #expect(
      found[0] == Tensor(shape: [2, 2], scalars: [1.0, 2, 3, 4]) && found[1].shape == [2, 1])
    let error = #expect(throws: GraphError.self) {
      try session.run([y, w], feeds: [x: Tensor([1.0, -1, -2]), z: Tensor([1.0, 2, 3, 4])])
    }
    #expect(error?.message.hasSuffix("is 1, but 2 in feed z") == true)
  }

  @Test func aMissingFeedIsNamed() throws {
    let graph = Graph()
    let x = graph.placeholder(.float64, [2], name: "x")
    let error = #expect(throws: GraphError.self) { try Session(graph).run([x * 2]) }
    #expect(error?.description.contains("Placeholder \"x\"") == true)
  }

  @Test func badIndicesAreNamed() throws {
    let graph = Graph()
    let x = graph.placeholder(.float64, [3, 2], name: "x")
    let ids = graph.placeholder(.int32, ["n"], name: "ids")
    let rows = gather(x, ids)
    let error = #expect(throws: GraphError.self) {
      try Session(graph).run(
        [rows], feeds: [x: Tensor.random([3, 2]), ids: Tensor([0, 2, 3] as [Int32])])
    }
    #expect(error?.node == "GatherV2")
    #expect(error?.message == "index 3 at position 2 is outside 0..<3")
  }

  @Test func anErrorLeavesTheSessionUsable() throws {
    let graph = Graph()
    let a = graph.placeholder(.float64, ["n"], name: "a")
    let b = graph.placeholder(.float64, ["m"], name: "b")
    let c = a + b
    let session = Session(graph)
    #expect(throws: GraphError.self) {
      try session.run([c], feeds: [a: Tensor([1.0, 2]), b: Tensor([1.0, 2, 3])])
    }
    #expect(try session.run([c], feeds: [a: Tensor([1.0]), b: Tensor([2.0])])[0] == Tensor([3.0]))
  }

  @Test func memoryIsSharedByValuesThatDoNotLiveTogether() throws {
    let graph = Graph()
    var x = graph.placeholder(.float64, [1000], name: "x")
    for _ in 0..<20 { x = exp(-x) }
    var options = SessionOptions()
    options.isOptimized = false
    let session = Session(graph, options: options)
    let plan = try session.plan(feeds: [graph.nodes[0].output], fetches: [x])
    let lines = plan.description.split(separator: "\n")
    #expect(lines.count == 40)
    #expect(lines[0] == "0 CPU:0 Neg Neg -> double[1000] at 0, 8000 bytes; 1000 flops")
    #expect(lines[1] == "1 CPU:0 Exp Exp -> double[1000] at 0, 8000 bytes over input 0; 1000 flops")
  }

  @Test func severalThreadsMayCallOneSession() async throws {
    let graph = Graph()
    let x = graph.placeholder(.float64, ["n"], name: "x")
    let y = sum(square(x))
    let session = Session(graph, options: SessionOptions(intraOpParallelismThreads: 2))
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for task in 1...8 {
        group.addTask {
          try (1...50).allSatisfy { step in
            let input = Tensor(Array(repeating: Double(task), count: step))
            let result = try session.run([y], feeds: [x: input])[0]
            return result.scalar(as: Double.self) == Double(task * task * step)
          }
        }
      }
      for try await isRight in group { #expect(isRight) }
    }
  }
}
