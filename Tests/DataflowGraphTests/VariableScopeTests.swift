import Tensors
import Testing

@testable import DataflowGraph

@Suite struct VariableScopeTests {
  private func weights(_ graph: Graph, _ initial: Tensor = Tensor([1.0, 2])) throws -> Variable {
    try graph.getVariable("weights", initial: initial)
  }

  @Test func aReusingScopeGivesTheSameVariable() throws {
    let graph = Graph()
    let first = try graph.withVariableScope("net") {
      try graph.withVariableScope("layer") { try weights(graph) }
    }
    #expect(first.name == "net/layer/weights")
    #expect(first.initializer.name == "net/layer/weights/Assign")
    let again = try graph.withVariableScope("net", reuse: .always) {
      try graph.withVariableScope("layer") { try weights(graph) }
    }
    #expect(again.value == first.value)
    #expect(graph.variables.count == 1)
    let other = try graph.withVariableScope("other", reuse: .automatic) {
      try (weights(graph), weights(graph))
    }
    #expect(other.0.value == other.1.value && graph.variables.count == 2)
  }

  @Test func nodesAreNamedAfterTheScope() throws {
    let graph = Graph()
    let x = graph.placeholder(.float64, [2], name: "x")
    let y = try graph.withNameScope("outer") {
      try graph.withVariableScope("layer") { try weights(graph).value * x }
    }
    #expect(y.name == "outer/layer/Mul")
    #expect(y.node.inputs[0].name == "layer/weights")
  }

  @Test func mistakesAreNamed() throws {
    let graph = Graph()
    _ = try graph.withVariableScope("layer") { try weights(graph) }
    func message(_ reuse: VariableReuse, _ scope: String, _ initial: Tensor) -> String? {
      let error = #expect(throws: GraphError.self) {
        try graph.withVariableScope(scope, reuse: reuse) { try weights(graph, initial) }
      }
      return error?.message
    }
    let initial = Tensor([1.0, 2])
    #expect(
      message(.inherit, "layer", initial)
        == "there is a variable layer/weights already; reuse: .always or .automatic shares it")
    #expect(
      message(.always, "layr", initial)
        == "there is no variable layr/weights to reuse; did you mean layer/weights?")
    #expect(
      message(.always, "layer", Tensor([1.0]))
        == "variable layer/weights is double[2] reference, here it is to be double[1]")
  }
}
