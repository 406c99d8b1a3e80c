import Dataflow
import Testing

/// Gradients of rows that are put to places which are named more than once.
@Suite struct DynamicStitchTests {
  private let graph = Graph()

  /// A row that a later one took the place of counts for nothing, in one tensor and across them.
  @Test(arguments: [false, true]) func overwrittenRowsHaveNoGradient(isFed: Bool) throws {
    let places = [Tensor([0, 3, 0] as [Int32]), Tensor([1, 3] as [Int32])]
    let indices = places.map {
      isFed ? graph.placeholder(.int32, [Dimension($0.elementCount)]) : graph.constant($0)
    }
    let rows = [3, 2].map { graph.placeholder(.float64, [Dimension($0), 2]) }
    let total = sum(square(try dynamicStitch(indices, rows)))
    let gradients = try rows.map { try graph.gradient(of: total, withRespectTo: $0) }
    let data = [
      Tensor(shape: [3, 2], scalars: [1.0, 2, 3, 4, 5, 6]),
      Tensor(shape: [2, 2], scalars: [7.0, 8, 9, 10]),
    ]
    var feeds = Dictionary(uniqueKeysWithValues: zip(rows, data))
    if isFed { for (index, place) in zip(indices, places) { feeds[index] = place } }
    let found = try Session(graph).run([total] + gradients, feeds: feeds)
    #expect(found[0] == Tensor(355.0))
    #expect(found[1].scalars() == [0.0, 0, 0, 0, 10, 12])
    #expect(found[2].scalars() == [14.0, 16, 18, 20])
  }

  /// Where places surely differ, nobody asks which row stayed.
  @Test func differentPlacesCostNothing() throws {
    let x = graph.placeholder(.float64, [4])
    let parts = graph.placeholder(.int32, [4])
    let sorted = try dynamicPartition(x, parts, into: 2)
    let places = try dynamicPartition(
      graph.constant(Tensor([0, 1, 2, 3] as [Int32])), parts, into: 2)
    let constants = [
      graph.constant(Tensor([0, 2] as [Int32])), graph.constant(Tensor([1] as [Int32])),
    ]
    let stitched = [
      try dynamicStitch(places, sorted),
      try dynamicStitch(
        constants, [graph.placeholder(.float64, [2]), graph.placeholder(.float64, [1])]),
    ]
    for value in stitched {
      _ = try graph.gradients(
        of: [sum(square(value))], withRespectTo: Array(value.node.inputs.suffix(2)))
    }
    #expect(graph.nodes.filter { $0.operation is DynamicStitch }.count == 2)
  }
}
