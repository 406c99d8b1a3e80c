import Dataflow
import Testing

/// What rows in any order give where a segment has none, as TensorFlow has it: finite numbers.
@Suite(.timeLimit(.minutes(2))) struct SegmentTests {
  private let graph = Graph()

  private func extremes<T: TensorElement>(of rows: [T]) throws -> [[T]] {
    let x = graph.placeholder(T.elementType, [Dimension(rows.count)])
    let ids = graph.placeholder(.int32, [Dimension(rows.count)])
    let results = [
      unsortedSegmentMax(x, ids, segments: 3), unsortedSegmentMin(x, ids, segments: 3),
    ]
    let places = Tensor(shape: [rows.count], scalars: rows.map { _ in Int32(1) })
    return try Session(graph).run(results, feeds: [x: Tensor(rows), ids: places])
      .map { $0.scalars(as: T.self) }
  }

  @Test func emptySegmentsAreTheExtremeFiniteFloats() throws {
    let limit = Float.greatestFiniteMagnitude
    #expect(try extremes(of: [2, -3] as [Float]) == [[-limit, 2, -limit], [limit, -3, limit]])
  }

  @Test func emptySegmentsAreTheExtremeFiniteDoubles() throws {
    let limit = Double.greatestFiniteMagnitude
    #expect(try extremes(of: [2, -3] as [Double]) == [[-limit, 2, -limit], [limit, -3, limit]])
  }

  @Test func emptySegmentsAreTheExtremeWholeNumbers() throws {
    let (low, high) = (Int32.min, Int32.max)
    #expect(try extremes(of: [2, -3] as [Int32]) == [[low, 2, low], [high, -3, high]])
  }

  /// Sorted ids leave gaps only, which are 0, and keep infinite rows.
  @Test func sortedSegmentsKeepInfinity() throws {
    let x = graph.placeholder(.float64, [2])
    let ids = graph.constant(Tensor([1, 2] as [Int32]))
    let result = try Session(graph).run(
      [segmentMax(x, ids)], feeds: [x: Tensor([-.infinity, 4] as [Double])])
    #expect(result[0].scalars(as: Double.self) == [0, -.infinity, 4])
  }

  @Test func emptySegmentsTakeNoGradient() throws {
    let x = graph.placeholder(.float64, [2])
    let ids = graph.constant(Tensor([1, 1] as [Int32]))
    let y = sum(
      gather(unsortedSegmentMax(x, ids, segments: 3), graph.constant(Tensor([1] as [Int32]))))
    let gradient = try graph.gradient(of: y, withRespectTo: x)
    let result = try Session(graph).run(
      [y, gradient], feeds: [x: Tensor([2, -3] as [Double])])
    #expect(result.map { $0.scalars(as: Double.self) } == [[2], [1, 0]])
  }
}
