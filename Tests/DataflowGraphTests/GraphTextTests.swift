import Tensors
import TestSupport
import Testing

@testable import DataflowGraph

/// The printer and the parser are inverse to each other.
@Suite struct GraphTextTests {
  /// Prints, parses, compares, and prints again.
  private func checkRoundTrip(
    _ graph: Graph, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let text = graph.text
    let parsed = try Graph(text: text)
    #expect(firstDifference(graph, parsed) == nil, sourceLocation: sourceLocation)
    #expect(parsed.text == text, sourceLocation: sourceLocation)
  }

  @Test(arguments: OperationRegistry.builtIn.map { $0.name })
  func everySampleOfAnOperation(name: String) throws {
    let operation = try #require(OperationRegistry.operation(named: name))
    for sample in operation.samples {
      let graph = Graph()
      let inputs = sample.inputs.map { graph.constant($0) }
      let node = try graph.add(sample.operation, inputs)
      if let value = node.outputs.last, value.elementType.isFloatingPoint {
        let sources = sample.differentiable.map { inputs[$0] }
        _ = try? graph.gradients(of: [value], withRespectTo: sources)
      }
      try checkRoundTrip(graph)
    }
  }

  @Test func elementsOfEveryTypeAreExact() throws {
    let graph = Graph()
    let floats = (0..<1000).map { Float(bitPattern: UInt32($0) &* 4_294_967 &+ 12345) }
    let doubles = (0..<1000).map { Double(bitPattern: UInt64($0) &* 18_446_744_073_709_551 &+ 99) }
    _ = graph.constant(Tensor(shape: [10, 100], scalars: floats))
    _ = graph.constant(
      Tensor(doubles + [.infinity, -.infinity, .nan, -0.0, .leastNonzeroMagnitude, 0.1]))
    _ = graph.constant(Tensor([Int64.min, .max, 0, -1]))
    _ = graph.constant(Tensor([Int32.min, .max]))
    _ = graph.constant(Tensor([0, 255] as [UInt8]))
    _ = graph.constant(Tensor([true, false]))
    _ = graph.constant(Tensor(shape: [0, 3], scalars: [] as [Float]))
    _ = graph.constant(Tensor(Float(0.1)))
    try checkRoundTrip(graph)
  }

  @Test func namesPlacesAndOrderAreKept() throws {
    let graph = Graph()
    for name in ["x", "return", "a-b", "a/2", "1x", "float", "with space", "Tanh", "ü", "x.y/z_1"] {
      _ = graph.placeholder(.float32, ["float", "for", "a b", 3], name: name)
    }
    let x = graph.nodes[0].output
    let y = graph.withDevice("/job:worker/task:1/device:GPU:0") { tanh(x) }
    let z = graph.withColocation(y.node) { graph.withDevice("CPU:0") { exp(y) } }
    let last = graph.withControlDependencies([y.node, z.node]) { x + 1 }
    _ = graph.group([last.node], name: "all-of-it")
    _ = graph.nodes.reversed().map { $0.outputs.map { identity($0) } }
    try checkRoundTrip(graph)
    #expect(graph.node(named: "Exp")?.description == "Exp = Exp(Tanh_1) @/device:CPU:0 @^Tanh_1")
  }

  @Test func variablesKeepTheirInitialisers() throws {
    let graph = Graph()
    let first = try graph.variable(Tensor([1.5, 2]), name: "layer/weights")
    _ = try graph.variable(
      graph.zeros(like: first.value), name: "moment", isTrainable: false)
    try checkRoundTrip(graph)
    #expect(
      graph.text.hasSuffix(
        """
        variable(layer/weights, initializer: ^layer/weights/Assign, trainable: true)
        variable(moment, initializer: ^moment/Assign, trainable: false)
        """))
  }

  @Test func sizesArePolynomials() throws {
    let graph = Graph()
    let atoms: Dimension = "atoms"
    _ = graph.placeholder(
      .float64, [atoms * 3 + 1, atoms * atoms - 2, Dimension(0) - atoms * "n"], name: "x")
    try checkRoundTrip(graph)
  }

  @Test func loopsAndBranchesAreFunctions() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, ["n"], name: "x")
    let scale = graph.placeholder(.float32, [], name: "scale")
    func step(_ body: Graph, _ v: [Value]) throws -> [Value] {
      let inner = try conditional(
        v[0] .> 5, then: { _ in [v[1] * scale] }, else: { _ in [v[1] + scale] })
      return [sum(inner[0]), inner[0]]
    }
    let ends = try whileLoop([sum(x), x], condition: { _, v in v[0] .< 10 }, body: step)
    _ = try graph.gradients(of: [ends[0]], withRespectTo: [x, scale])
    try checkRoundTrip(graph)
  }

  /// A gradient computes a function's body once more: functions in it read that copy's values, and have the sizes that
  /// it finds out.
  @Test(arguments: ["t * t", "t * BroadcastTo(float(2), shape: [size(w, 0)])"])
  func functionsWithinGradientsBelongToThem(inner: String) throws {
    let graph = try Graph(
      text: """
        x = placeholder(float[n])
        c = placeholder(bool)
        t = Neg(x)
        function a() {
          w = Where(x > 0)
          t = GatherV2(x, Reshape(w, shape: [size(w, 0)]))
          function aa() { return \(inner) }
          function ab() { return t * 3 }
          h = If(c, then_branch: aa, else_branch: ab)
          return Sum(h * h, axes: [0], keep_dims: false)
        }
        function b() { return Sum(x, axes: [0], keep_dims: false) }
        y = If(c, then_branch: a, else_branch: b)
        g = gradient(y, x)
        """)
    try checkRoundTrip(graph)
    let gradient = try #require(graph.nodes.last { $0.operation is If }).operation.functions[0]
    let nested = try #require(gradient.graph.nodes.first { $0.operation is If })
    for (function, inputs) in zip(nested.operation.functions, nested.capturedInputs) {
      #expect(function.captures == Array(inputs))
      #expect(function.captures.allSatisfy { $0.graph === gradient.graph })
      #expect(function.graph.parent === gradient.graph)
    }
  }

  /// A text says what a function captures where it is used, one value several times too.
  @Test func functionsCaptureAValueSeveralTimes() throws {
    let graph = try Graph(
      text: """
        x = placeholder(float[2])
        c = placeholder(bool)
        function f() {
          p = capture(x)
          q = capture(x)
          return p * q
        }
        y = If(c, x, x, x, x, then_branch: f, else_branch: f)
        """)
    #expect(graph.node(named: "y")?.operation.functions[0].captures.map(\.name) == ["x", "x"])
    try checkRoundTrip(graph)
  }

  /// Functions whose names mean something else in the text get others.
  @Test func functionsHaveNamesThatMeanNothingElse() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, ["n"], name: "x")
    let condition = graph.placeholder(.bool, [], name: "c")
    for name in ["Neg", "n", "x", "float", "size", "return", "a-b", "1x", "plain/name"] {
      let branch = try GraphFunction(name: name, in: graph, inputs: []) { body, _ in
        [try body.add(Neg(), [x]).output]
      }
      _ = try graph.add(
        If(thenBranch: branch, elseBranch: branch), [condition] + branch.captures + branch.captures)
    }
    let parsed = try Graph(text: graph.text)
    #expect(parsed.text == graph.text)
    #expect(
      parsed.nodes.compactMap { ($0.operation as? If)?.thenBranch.name } == [
        "Neg_1", "n_1", "x_1", "float_1", "size_1", "return_1", "a_b", "_1x", "plain/name",
      ])
  }

  @Test func sizesFoundWhileRunningKeepTheirNames() throws {
    let graph = Graph()
    let counts = graph.placeholder(.int32, [2], name: "counts")
    let found = try sizes(of: counts, name: "sizes")
    let x = graph.placeholder(.float32, ["n"], name: "x")
    _ = broadcast(sum(x), to: SymbolicShape(found))
    _ = try conditional(sum(x) .> 0) { body in
      let inner = try sizes(of: body.capture(counts)!)
      return [broadcast(body.capture(x)!, to: [inner[1], "n"])]
    } else: { _ in
      [broadcast(x, to: [3, "n"])]
    }
    try checkRoundTrip(graph)
  }

  @Test func descriptionsLeaveOutMostOfLargeConstants() {
    let graph = Graph()
    _ = graph.constant(Tensor((0..<20).map(Float.init)), name: "c")
    #expect(
      graph.description
        == "c = Const(dtype: float, value: float[20] [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, …])")
  }
}
