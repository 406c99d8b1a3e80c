import Dataflow
import DataflowRuntime
import Tensors
import Testing

/// Sums of many elements, whose roundings all go the same way where the elements are equal.
@Suite struct SumTests {
  private func reductions(_ x: [Float], threads: Int) throws -> [Float] {
    let graph = Graph()
    let input = graph.placeholder(.float32, ["n"])
    let session = Session(
      graph, options: SessionOptions(intraOpParallelismThreads: threads))
    let fetches = [sum(input), mean(input), l2Loss(input)]
    return try session.run(fetches, feeds: [input: Tensor(x)]).map { $0.scalars(as: Float.self)[0] }
  }

  @Test(arguments: [1, 511, 512, 513, 1025, 10_000, 3_000_001])
  func errorsDoNotGrowWithTheNumberOfElements(count: Int) throws {
    let x = [Float](repeating: 0.1, count: count)
    let found = try reductions(x, threads: 1)
    let total = x.reduce(0) { $0 + Double($1) }
    let squares = x.reduce(0) { $0 + Double($1) * Double($1) } / 2
    for (value, exact) in zip(found, [total, total / Double(count), squares]) {
      #expect(abs(Double(value) - exact) < 2e-6 * exact)
    }
    for threads in 2...4 { #expect(try reductions(x, threads: threads) == found) }
  }

  /// Every element counts once, wherever blocks end.
  @Test func wholeNumbersAreExact() throws {
    for count in [0, 1, 17, 511, 512, 513, 1023, 1024, 1025, 1536, 2049, 5000] {
      let x = (0..<count).map { Float($0 % 7) }
      let found = try reductions(x, threads: 1)
      #expect(found[0] == x.reduce(0, +) && found[2] == x.reduce(0) { $0 + $1 * $1 } / 2)
    }
  }
}
