import Dataflow
import DataflowGraph
import Testing

@testable import DataflowRuntime

/// What can run side by side, and what cannot.
@Suite(.timeLimit(.minutes(10))) struct TaskGraphTests {
  private func tasks(_ graph: Graph, _ feeds: [Value], _ fetches: [Value]) throws -> [[Int]]? {
    try Plan(
      graph: graph, feeds: feeds, fetches: fetches, targets: [], isOptimized: false,
      isParallel: true
    )
    .taskGraph?.tasks
  }

  /// Each step overwrites the one before: a single task, and soon found.
  @Test func aLongChainIsOneTask() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [])
    let one = graph.placeholder(.float32, [])
    let end = (0..<10_000).reduce(x) { sum, _ in sum + one }
    #expect(try tasks(graph, [x, one], [end]) == nil)
  }

  @Test func branchesAreTasks() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [4])
    let ends = (0..<3).map { _ in tanh(tanh(x + 1)) }
    let found = try tasks(graph, [x], [ends[0] + ends[1] + ends[2]])
    #expect(found?.map(\.count).filter { $0 >= 3 }.count == 3)
  }

  /// Who overwrites a value waits for all that read it.
  @Test func whatOverwritesComesAfterReaders() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [4])
    let shared = x + 1
    let readers = (0..<3).map { number in exp(shared) * Double(number) }
    let last = -shared
    let fetch = readers.reduce(last, +)
    let plan = try Plan(
      graph: graph, feeds: [x], fetches: [fetch], targets: [], isOptimized: false, isParallel: true)
    let taskGraph = try #require(plan.taskGraph)
    for (position, step) in plan.steps.enumerated() {
      guard let source = step.overwrites else { continue }
      let value = step.inputs[source]
      for (other, reader) in plan.steps.enumerated()
      where other < position && reader.inputs.contains(value) {
        #expect(taskGraph.isDone(other, before: position))
      }
    }
    #expect(plan.steps.contains { $0.overwrites != nil })
  }
}
