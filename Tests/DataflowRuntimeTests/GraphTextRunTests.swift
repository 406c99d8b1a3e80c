import Dataflow
import Testing

/// Graphs written in the graph language compute what they say.
@Suite struct GraphTextRunTests {
  private func run(_ text: String, _ fetches: [String], _ x: [Double]) throws -> [[Double]] {
    let graph = try Graph(text: text)
    let session = Session(graph)
    try session.initializeVariables()
    let feed = try #require(graph.node(named: "x")?.output)
    let values = try fetches.map { try #require(graph.node(named: $0)?.output) }
    return try session.run(values, feeds: [feed: Tensor(x)]).map { $0.scalars(as: Double.self) }
  }

  @Test func arithmeticHasTheUsualOrder() throws {
    let found = try run(
      """
      x = placeholder(double[n])
      a = 2 + 3 * x ^ 2 - x / 4 - 1
      b = -x ^ 2
      c = 2 ^ 3 ^ x
      d = double(not (x > 1 and x < 3) or x == 2)
      e = 10 % (x + 2)
      """, ["a", "b", "c", "d", "e"], [1, 2, 3])
    #expect(found[0] == [3.75, 12.5, 27.25])
    #expect(found[1] == [-1, -4, -9])
    #expect(found[2].map { $0.rounded() } == [8, 512, 134_217_728])
    #expect(found[3] == [1, 1, 1])
    #expect(found[4] == [1, 2, 0])
  }

  /// Numbers that are known beforehand give what the operation gives.
  @Test(arguments: [(1.0, 0.1), (5.5, .infinity), (-5.5, 2), (7, -2), (0.3, -0.1), (-6, 3)])
  func remaindersAreThoseOfTheOperation(a: Double, b: Double) throws {
    func text(_ number: Double) -> String { number.isInfinite ? "inf" : "\(number)" }
    let found = try run(
      """
      x = placeholder(double[1])
      known = double(\(text(a)) % \(text(b)))
      unknown = x % \(text(b))
      """, ["known", "unknown"], [a])
    #expect(found[0] == found[1])
  }

  @Test func everyUnknownSizeIsOneOfItsOwn() throws {
    let graph = try Graph(
      text: "z = ConcatV2(placeholder(double[?]), placeholder(double[?]), axis: 0)")
    let feeds = graph.nodes.filter { $0.operationName == "Placeholder" }.map(\.output)
    let z = try #require(graph.node(named: "z")?.output)
    let found = try Session(graph).run(
      [z], feeds: [feeds[0]: Tensor([1.0, 2, 3]), feeds[1]: Tensor([4.0, 5])])
    #expect(found == [Tensor([1.0, 2, 3, 4, 5])])
  }

  @Test func loopsRunAndDifferentiate() throws {
    let found = try run(
      """
      x = placeholder(double[])
      rate = variable(double[] [0.5])
      function below(i, v) { return i < 3 }
      function step(i, v) { return i + 1, v * v * rate }
      i, y = While(int32(0), x, cond: below, body: step)
      dy_dx = gradient(y, x)
      d2y_dx2 = gradient(dy_dx, x)
      """.replacing("double[])", with: "double[1])").replacing("double[] [", with: "double[1] ["),
      ["y", "dy_dx", "d2y_dx2"], [1.5])
    // y = x^8 / 2^7
    let x = 1.5
    let sixth = x * x * x * x * x * x
    #expect(abs(found[0][0] - sixth * x * x / 128) < 1e-14)
    #expect(abs(found[1][0] - 8 * sixth * x / 128) < 1e-13)
    #expect(abs(found[2][0] - 56 * sixth / 128) < 1e-12)
  }

  @Test func branchesRunAndDifferentiate() throws {
    let text = """
      x = placeholder(double[n])
      total = Sum(x, axes: [0], keep_dims: false)
      function large() { return Exp(x) }
      function small() { return x * 3 }
      y = If(total > 1, then_branch: large, else_branch: small)
      dy_dx = gradient(y, x)
      """
    let small = try run(text, ["y", "dy_dx"], [0.25, 0.5])
    #expect(small == [[0.75, 1.5], [3, 3]])
    let large = try run(text, ["y", "dy_dx"], [0, 2])
    #expect(large[0] == large[1] && large[0][0] == 1)
  }

  /// Branches within branches, where the inner ones read values and sizes of the outer one's, not others of the same
  /// names; and the same of the text that is printed.
  @Test(arguments: [3.0, -3.0]) func branchesWithinBranchesDifferentiate(last: Double) throws {
    let text = """
      x = placeholder(double[n])
      total = Sum(x, axes: [0], keep_dims: false)
      t = Neg(x)
      function a() {
        w = Where(x > 0)
        t = GatherV2(x, Reshape(w, shape: [size(w, 0)]))
        function aa() { return t * t * BroadcastTo(double(2), shape: [size(w, 0)]) }
        function ab() { return t * 5 }
        h = If(total > 4, then_branch: aa, else_branch: ab)
        return Sum(h * h, axes: [0], keep_dims: false)
      }
      function b() { return Sum(x * 7, axes: [0], keep_dims: false) }
      y = If(total > -10, then_branch: a, else_branch: b)
      dy_dx = gradient(y, x)
      d2y = gradient(dy_dx, x)
      """
    // Of the positive x, the sum of (2x²)² or of (5x)².
    let x = [1, -1, 2, last]
    let expected: [[Double]] =
      last > 0
      ? [[392], [16, 0, 128, 432], [48, 0, 192, 432]] : [[125], [50, 0, 100, 0], [50, 0, 50, 0]]
    #expect(try run(text, ["y", "dy_dx", "d2y"], x) == expected)
    #expect(try run(Graph(text: text).text, ["y", "dy_dx", "d2y"], x) == expected)
  }

  /// A loop variable whose sizes have names of the body's own.
  @Test func loopsWithSizesOfTheirOwnDifferentiate() throws {
    let found = try run(
      """
      x = placeholder(double[n])
      function below(i: int32, v: double[rows]) { return i < 2 }
      function step(i: int32, v: double[rows]) {
        return i + 1, v * v * BroadcastTo(double(3), shape: [rows])
      }
      i, y = While(int32(0), x, cond: below, body: step)
      dy_dx = gradient(y, x)
      """, ["y", "dy_dx"], [1, 2])
    // y = 27 x⁴
    #expect(found == [[27, 432], [108, 864]])
  }

  @Test func trainingStepsAreWrittenInTheLanguage() throws {
    let graph = try Graph(
      text: """
        x = placeholder(double[n])
        w = variable(double[1] [0.0])
        loss = Sum((w * x - 3 * x) ^ 2, axes: [0], keep_dims: false)
        step = Assign(w, w - 0.01 * gradient(loss, w))
        """)
    let session = Session(graph)
    try session.initializeVariables()
    let feeds = [graph.node(named: "x")!.output: Tensor([1.0, 2, 3])]
    for _ in 0..<100 {
      _ = try session.run([], feeds: feeds, targets: [graph.node(named: "step")!])
    }
    let weight = try session.value(of: graph.variables[0]).scalar(as: Double.self)
    #expect(abs(weight - 3) < 1e-10)
  }
}
