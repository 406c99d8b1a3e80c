import Testing

@testable import DataflowGraph

@Suite struct GraphTests {
  @Test func namesAreUniqueWithinScopes() {
    let graph = Graph()
    let x = graph.placeholder(.float32, [2], name: "x")
    let first = graph.withNameScope("layer") { tanh(x) }
    let second = graph.withNameScope("layer") { tanh(x) }
    #expect(first.name == "layer/Tanh")
    #expect(second.name == "layer/Tanh_1")
    #expect(graph.node(named: "layer/Tanh_1") == second.node)
  }

  @Test func aGraphPrintsOneNodeALine() {
    let graph = Graph()
    let x = graph.placeholder(.float32, ["n", 2], name: "x")
    _ = matMul(x, x, transposeB: true)
    #expect(
      graph.description == """
        x = Placeholder(dtype: float, shape: [n, 2])
        MatMul = MatMul(x, x, transpose_a: false, transpose_b: true)
        """)
  }

  @Test func misfitsNameTheNode() {
    let graph = Graph()
    let x = graph.placeholder(.float32, [4, 3], name: "x")
    let y = graph.placeholder(.float32, [2, 5], name: "y")
    let error = #expect(throws: GraphError.self) { try graph.add(MatMul(), [x, y], name: "p") }
    #expect(
      error?.description
        == "MatMul \"p\" (float[4, 3], float[2, 5]): the inner sizes differ: 3 and 2"
        + " (transpose_a: false, transpose_b: false)")
  }

  @Test func valuesOfAnotherGraphAreRefused() {
    let other = Graph()
    let x = other.placeholder(.float32, [2], name: "x")
    #expect(throws: GraphError.self) { try Graph().add(Neg(), [x]) }
  }

  @Test func anOperationWithoutARuleNamesThePath() throws {
    let graph = Graph()
    let x = graph.placeholder(.float64, [2], name: "x")
    let opaque = try graph.add(Opaque(), [tanh(x)], name: "opaque").output
    let error = #expect(throws: GraphError.self) {
      try graph.gradients(of: [sum(opaque)], withRespectTo: [x])
    }
    #expect(
      error?.description
        == "Opaque \"opaque\" (double[2]): has no gradient (on the path opaque <- Tanh <- x)")
  }

  @Test func unconnectedSourcesHaveNoGradient() throws {
    let graph = Graph()
    let x = graph.placeholder(.float64, [2], name: "x")
    let y = graph.placeholder(.float64, [2], name: "y")
    let gradients = try graph.gradients(of: [sum(x)], withRespectTo: [x, y])
    #expect(gradients[0]?.shape == [2])
    #expect(gradients[1] == nil)
    #expect(try graph.gradients(of: [sum(stopGradient(x))], withRespectTo: [x])[0] == nil)
  }

  /// Chains of inputs, of control inputs and of nodes that are to be together, longer than the stack of a thread
  /// allows calls in each other. What is kept of a graph that is gone knows what it was made of.
  @Test(arguments: [0, 1, 2], [false, true]) func deepGraphsAreFreed(kind: Int, isKept: Bool) throws
  {
    let count = 50_000
    var graph: Graph? = Graph()
    weak let freed = graph
    var last = graph?.placeholder(.float32, [2]).node
    for _ in 1..<count {
      guard let graph, let node = last else { break }
      last =
        switch kind {
        case 0: try graph.add(Neg(), [node.output])
        case 1: try graph.add(NoOp(), controlInputs: [node])
        default: try graph.withColocation(node) { try graph.add(NoOp()) }
        }
    }
    if !isKept { last = nil }
    graph = nil
    #expect(freed == nil)
    withExtendedLifetime(last) {
      var (length, node) = (0, last)
      while let next = node {
        length += 1
        node = next.inputs.first?.node ?? next.controlInputs.first ?? next.colocation
      }
      #expect(length == (isKept ? count : 0))
    }
  }

  /// A function knows the graph around it, which owns it; and branches that follow each other capture each other's
  /// results.
  @Test func graphsWithFunctionsAreFreed() throws {
    var graph: Graph? = Graph()
    weak let freed = graph
    do {
      let condition = try #require(graph?.placeholder(.bool, []))
      var value = try #require(graph?.placeholder(.float32, []))
      for index in 0..<10_000 {
        value = try conditional(condition, name: "if_\(index)") { _ in
          [-value]
        } else: { _ in
          [value]
        }[0]
      }
    }
    graph = nil
    #expect(freed == nil)
  }
}

/// An operation without a gradient.
private struct Opaque: Operation {
  static let name = "Opaque"
  static var samples: [OperationSample] { [] }

  init() {}
  init(attributes: Attributes) {}

  func outputs(for inputs: [TensorSpec]) -> [TensorSpec] { inputs }

  func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) -> any Kernel {
    FunctionKernel { _ in }
  }
}
