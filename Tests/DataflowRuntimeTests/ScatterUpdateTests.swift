import Dataflow
import DataflowGraph
import Testing

/// Rows of variables that change in place.
@Suite struct ScatterUpdateTests {
  private let graph = Graph()

  private func run(
    _ operation: any DataflowGraph.Operation, _ places: [Int32] = [2, 0, 2]
  ) throws -> [Double] {
    let variable = try graph.variable(
      Tensor(shape: [3, 2], scalars: [1.0, 2, 3, 4, 5, 6]), name: "v")
    let indices = graph.constant(Tensor(places))
    let updates = graph.constant(Tensor(shape: [3, 2], scalars: [10.0, 20, 30, 40, 50, 60]))
    let node = try graph.add(operation, [variable.value, indices, updates], name: "update")
    let session = Session(graph)
    try session.initializeVariables()
    _ = try session.run([], targets: [node])
    return try session.value(of: variable).scalars(as: Double.self)
  }

  @Test func rowsChangeOnceForEachIndex() throws {
    #expect(try run(ScatterAdd()) == [31, 42, 3, 4, 65, 86])
    #expect(try run(ScatterSub()) == [-29, -38, 3, 4, -55, -74])
    #expect(try run(ScatterUpdateRows()) == [30, 40, 3, 4, 50, 60])
  }

  /// Rows of the variable itself are what they were before the first one is changed.
  @Test func aVariableUpdatesItself() throws {
    let variable = try graph.variable(Tensor([1.0, 2, 3]), name: "v")
    let places = graph.constant(Tensor([1, 2, 0] as [Int32]))
    let node = try graph.add(ScatterUpdateRows(), [variable.value, places, variable.value])
    let session = Session(graph)
    try session.initializeVariables()
    _ = try session.run([], targets: [node])
    #expect(try session.value(of: variable).scalars(as: Double.self) == [3, 1, 2])
  }

  @Test func wrongRowsAreErrors() throws {
    let outside = #expect(throws: GraphError.self) { try run(ScatterAdd(), [0, 3, 1]) }
    #expect(outside?.message == "index 3 at position 1 is outside 0..<3")
    let short = #expect(throws: GraphError.self) { try run(ScatterAdd(), [0, 1]) }
    #expect(short?.message == "the updates' shape is [3, 2], expected [2, 2]")
    let x = graph.placeholder(.float64, [3, 2])
    let indices = graph.constant(Tensor([0] as [Int32]))
    let rows = graph.placeholder(.float64, [1, 2])
    #expect(throws: GraphError.self) { try graph.add(ScatterSub(), [x, indices, rows]) }
  }
}
