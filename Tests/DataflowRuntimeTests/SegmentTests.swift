import Dataflow
import Testing

/// What rows in any order give where a segment has none, as TensorFlow has it: finite numbers.
@Suite(.timeLimit(.minutes(20))) struct SegmentTests {
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

  /// A single id is that of all there is.
  @Test func idsMayBeOneNumber() throws {
    let x = graph.placeholder(.float64, [2])
    let id = graph.placeholder(.int32, [])
    let feeds = [x: Tensor([3, 4] as [Double]), id: Tensor(Int32(1))]
    let sums = unsortedSegmentSum(x, id, segments: 3)
    let gradient = try graph.gradient(of: sum(square(sums)), withRespectTo: x)
    let found = try Session(graph).run([sums, gradient], feeds: feeds)
    #expect(found[0] == Tensor(shape: [3, 2], scalars: [0, 0, 3, 4, 0, 0] as [Double]))
    #expect(found[1] == Tensor([6, 8] as [Double]))
    let error = #expect(throws: GraphError.self) { try graph.add(SegmentSum(), [x, id]) }
    #expect(error?.message == "the ids has shape [], expected rank 1")
  }

  @Test func meansOfWholeNumbersAreTruncated() throws {
    let x = graph.placeholder(.int32, [3])
    let ids = graph.constant(Tensor([0, 0, 2] as [Int32]))
    let found = try Session(graph).run(
      [segmentMean(x, ids)], feeds: [x: Tensor([-4, -3, 5] as [Int32])])
    #expect(found[0] == Tensor([-3, 0, 5] as [Int32]))
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

  /// Rows with negative ids are left out, as in TensorFlow, and have no gradient.
  @Test func negativeIdsAreLeftOut() throws {
    let x = graph.placeholder(.float64, [4, 2])
    let ids = graph.constant(Tensor([1, -1, 0, 1] as [Int32]))
    let functions = [
      unsortedSegmentSum, unsortedSegmentProd, unsortedSegmentMax, unsortedSegmentMin,
    ]
    let values = functions.map { $0(x, ids, 2, nil) }
    let gradients = try values.map { try graph.gradient(of: sum($0), withRespectTo: x) }
    let input = Tensor(shape: [4, 2], scalars: [1.0, 2, 100, 200, 3, 4, 5, -6])
    let found = try Session(graph).run(values + gradients, feeds: [x: input])
      .map { $0.scalars(as: Double.self) }
    #expect(Array(found[..<4]) == [[3, 4, 6, -4], [3, 4, 5, -12], [3, 4, 5, 2], [3, 4, 1, -6]])
    #expect(
      Array(found[4...]) == [
        [1, 1, 0, 0, 1, 1, 1, 1], [5, -6, 0, 0, 1, 1, 1, 2], [0, 1, 0, 0, 1, 1, 1, 0],
        [1, 0, 0, 0, 1, 1, 0, 1],
      ])
    let error = #expect(throws: GraphError.self) {
      try Session(graph).run([gather(x, ids)], feeds: [x: input])
    }
    #expect(error?.message == "index -1 at position 1 is outside 0..<4")
  }

  /// Batches of rows lie side by side in what gradients are added up in; an index may not leave its own.
  @Test(arguments: [5, -1]) func gradientsOfBatchesStayInTheirs(wrong: Int32) throws {
    let x = graph.placeholder(.float64, ["batches", "rows"])
    let ids = graph.placeholder(.int32, ["batches", 2])
    let y = gather(x, ids, batchDims: 1)
    let gradient = try graph.gradient(of: sum(square(y)), withRespectTo: x)
    let curvature = try graph.gradient(of: sum(square(gradient)), withRespectTo: x)
    let session = Session(graph)
    let input = Tensor(shape: [2, 4], scalars: [1.0, 2, 3, 4, 5, 6, 7, 8])
    let good = Tensor(shape: [2, 2], scalars: [3, 0, 2, 2] as [Int32])
    let found = try session.run([y, gradient, curvature], feeds: [x: input, ids: good])
      .map { $0.scalars(as: Double.self) }
    #expect(found[0] == [4, 1, 7, 7])
    #expect(found[1] == [2, 0, 0, 8, 0, 0, 28, 0])
    #expect(found[2] == [8, 0, 0, 32, 0, 0, 224, 0])
    let error = #expect(throws: GraphError.self) {
      let bad = Tensor(shape: [2, 2], scalars: [3, wrong, 2, 2] as [Int32])
      _ = try session.run([gradient], feeds: [x: input, ids: bad])
    }
    #expect(error?.message == "index \(wrong) at position 1 is outside 0..<4")
    let other = #expect(throws: GraphError.self) {
      let three = Tensor(shape: [3, 2], scalars: [0, 0, 0, 0, 0, 0] as [Int32])
      _ = try session.run([y], feeds: [x: input, ids: three])
    }
    #expect(other != nil)
  }

  @Test func meansOfSegments() throws {
    let x = graph.placeholder(.float64, ["n", 2])
    let sorted = graph.constant(Tensor([0, 0, 2] as [Int32]))
    let unsorted = graph.constant(Tensor([1, -1, 1] as [Int64]))
    let values = [segmentMean(x, sorted), unsortedSegmentMean(x, unsorted, segments: 3)]
    let gradients = try values.map { try graph.gradient(of: sum(square($0)), withRespectTo: x) }
    let input = Tensor(shape: [3, 2], scalars: [1.0, 2, 3, 6, 5, 4])
    let found = try Session(graph).run(values + gradients, feeds: [x: input])
      .map { $0.scalars(as: Double.self) }
    #expect(found[0] == [2, 4, 0, 0, 5, 4] && found[1] == [0, 0, 3, 3, 0, 0])
    #expect(found[2] == [2, 4, 2, 4, 10, 8] && found[3] == [3, 3, 0, 0, 3, 3])
  }
}
