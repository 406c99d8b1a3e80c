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
