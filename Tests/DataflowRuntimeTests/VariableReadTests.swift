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

  /// - Returns: what is fetched, and what the variables hold afterwards.
  private func run(
    _ text: String, _ fetches: [String], targets: [String] = [], threads: Int = 1,
    isOptimized: Bool = true
  ) throws -> (fetches: [[Double]], variables: [[Double]]) {
    let graph = try Graph(text: text)
    var options = SessionOptions(
      intraOpParallelismThreads: threads, interOpParallelismThreads: threads)
    options.isOptimized = isOptimized
    let session = Session(graph, options: options)
    try session.initializeVariables()
    func node(_ name: String) throws -> Node { try #require(graph.node(named: name)) }
    let results = try session.run(
      try fetches.map { try node($0).output }, targets: try targets.map(node))
    return (
      results.map { $0.scalars(as: Double.self) },
      try graph.variables.map { try session.value(of: $0).scalars(as: Double.self) }
    )
  }

  @Test(arguments: [1, 2], [false, true])
  func otherNamesHoldWhatWasThere(threads: Int, isOptimized: Bool) throws {
    let fetches = [
      "change", "both", "negative", "late", "before", "between", "after_all", "shaped",
    ]
    let all: [[Double]] = [
      [10, 20], [110, 220], [-1, -2], [1, 2], [1, 2], [11, 22], [111, 222], [1, 2],
    ]
    func results(_ fetches: [String]) throws -> [[Double]] {
      try run(
        Self.text, fetches, targets: ["second"], threads: threads, isOptimized: isOptimized
      ).fetches
    }
    #expect(try results(fetches) == all)
    for (fetch, expected) in zip(fetches, all) {
      #expect(try results([fetch]) == [expected], "\(fetch)")
    }
  }

  /// Each write would have to come after the other one, which reads what it writes.
  @Test(arguments: [false, true]) func readsWithoutAnOrderAreErrors(isOptimized: Bool) throws {
    let exchange = """
      a = variable(double[1] [1])
      b = variable(double[1] [2])
      wa = Assign(a, b)
      wb = Assign(b, a)
      """
    let error = #expect(throws: GraphError.self) {
      try run(exchange, [], targets: ["wa", "wb"], isOptimized: isOptimized)
    }
    #expect(error?.node == "wa")
    #expect(error?.message.hasPrefix("reads the variable b before wb writes it, ") == true)
    #expect(
      try run(exchange, [], targets: ["wa"], isOptimized: isOptimized).variables == [[2], [2]])
    #expect(
      try run(exchange, [], targets: ["wb"], isOptimized: isOptimized).variables == [[1], [1]])
    let crossed = """
      u = variable(double[1] [1])
      v = variable(double[1] [3])
      first = AssignSub(v, double[1] [2])
      x = AddV2(u, double[1] [0], ^first)
      second = AssignSub(u, double[1] [5])
      y = Mul(v, double[1] [1], ^second)
      """
    let conflict = #expect(throws: GraphError.self) {
      try run(crossed, ["x", "y"], isOptimized: isOptimized)
    }
    #expect(conflict?.node == "y")
    #expect(conflict?.message.hasPrefix("reads the variable v before first writes it, ") == true)
    #expect(try run(crossed, ["x"], isOptimized: isOptimized).fetches == [[1]])
    #expect(try run(crossed, ["y"], isOptimized: isOptimized).fetches == [[3]])
  }

  /// Other names are read where they stand, so that an exchange is none of two writes that wait for each other.
  @Test(arguments: [1, 2], [false, true])
  func otherNamesNeedNoOrder(threads: Int, isOptimized: Bool) throws {
    let exchange = """
      a = variable(double[1] [1])
      b = variable(double[1] [2])
      old_a = Identity(a)
      old_b = Identity(b)
      wa = Assign(a, old_b)
      wb = Assign(b, old_a)
      """
    let exchanged = try run(
      exchange, [], targets: ["wa", "wb"], threads: threads, isOptimized: isOptimized)
    #expect(exchanged.variables == [[2], [1]])
    let crossed = """
      u = variable(double[1] [1])
      v = variable(double[1] [3])
      old_u = Identity(u)
      old_v = Identity(v)
      wu = AssignAdd(u, double[1] [10])
      wv = AssignAdd(v, double[1] [100])
      first = Mul(old_v, double[1] [1], ^wu)
      second = Mul(old_u, double[1] [1], ^wv)
      """
    let found = try run(
      crossed, ["first", "second"], threads: threads, isOptimized: isOptimized)
    #expect(found.fetches == [[3], [1]])
    #expect(found.variables == [[11], [103]])
  }

  /// A read that is joined with what comes after another variable's write would come after that too.
  @Test(arguments: [1, 2], [false, true])
  func joinedReadsStayBeforeWrites(threads: Int, isOptimized: Bool) throws {
    let text = """
      u = variable(double[1] [1])
      v = variable(double[1] [3])
      wu = AssignAdd(u, double[1] [10])
      wv = AssignAdd(v, double[1] [100])
      first = u * 2 + wv
      second = v * 2 + wu
      """
    let found = try run(text, ["first", "second"], threads: threads, isOptimized: isOptimized)
    #expect(found.fetches == [[105], [17]])
    #expect(found.variables == [[11], [103]])
  }
}
