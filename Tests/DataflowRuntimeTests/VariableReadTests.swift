import Dataflow
import Testing

/// When a variable is read: where its other name stands among the writes, however much later that name is used.
@Suite struct VariableReadTests {
  private static let text = """
    v = variable(double[2] [1, 2])
    before = Identity(v)
    shaped = Reshape(v, shape: [1, 2])
    first = AssignAdd(v, double[2] [10, 20], ^before)
    between = Identity(v, ^first)
    second = AssignAdd(v, double[2] [100, 200], ^between)
    after_all = Identity(v, ^second)
    change = between - before
    both = after_all - before
    negative = Neg(before)
    late = Exp(before * 0, ^second) * before
    """

  private func run(
    _ fetches: [String], threads: Int, isOptimized: Bool
  ) throws -> [[Double]] {
    let graph = try Graph(text: Self.text)
    var options = SessionOptions(
      intraOpParallelismThreads: threads, interOpParallelismThreads: threads)
    options.isOptimized = isOptimized
    let session = Session(graph, options: options)
    try session.initializeVariables()
    let values = try fetches.map { try #require(graph.node(named: $0)).output }
    return try session.run(values, targets: [try #require(graph.node(named: "second"))])
      .map { $0.scalars(as: Double.self) }
  }

  @Test(arguments: [1, 2], [false, true])
  func otherNamesHoldWhatWasThere(threads: Int, isOptimized: Bool) throws {
    let fetches = [
      "change", "both", "negative", "late", "before", "between", "after_all", "shaped",
    ]
    let all: [[Double]] = [
      [10, 20], [110, 220], [-1, -2], [1, 2], [1, 2], [11, 22], [111, 222], [1, 2],
    ]
    #expect(try run(fetches, threads: threads, isOptimized: isOptimized) == all)
    for (fetch, expected) in zip(fetches, all) {
      #expect(
        try run([fetch], threads: threads, isOptimized: isOptimized) == [expected], "\(fetch)")
    }
  }
}
