import Dataflow
import DataflowRuntime
import Tensors
import Testing

/// Numbers below the least normal one, which sessions take for zero on all their threads.
@Suite struct SubnormalTests {
  private static let count = 300_000
  private let subnormals = [Float](repeating: 0x1p-130, count: count)

  /// - Parameter threads: the threads of one operation, and the operations at a time.
  @Test(arguments: [(1, 1), (2, 1), (3, 1), (1, 2), (2, 2)])
  func sessionsTakeThemForZero(threads: (intra: Int, inter: Int)) throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, ["n"])
    let (doubled, shifted) = (x * 2, x + 0x1p-130)
    let session = Session(
      graph,
      options: SessionOptions(
        intraOpParallelismThreads: threads.intra, interOpParallelismThreads: threads.inter))
    for _ in 0..<3 {
      let results = try session.run([doubled, shifted], feeds: [x: Tensor(subnormals)])
      for result in results {
        #expect(result.scalars(as: Float.self).allSatisfy { $0 == 0 && $0.sign == .plus })
      }
    }
    // The caller's own arithmetic is what it was.
    #expect(subnormals.reduce(0) { max($0, $1 * 2) } == 0x1p-129)
  }

  /// What is computed beforehand is what a run would compute.
  @Test func constantsAreFoldedLikewise() throws {
    let graph = Graph()
    let folded = graph.constant(Tensor(0x1p-130 as Float)) * 1e20
    #expect(try Session(graph).run([folded])[0].scalars(as: Float.self) == [0])
  }

  /// Also the C library's functions of two numbers, which look at the bits.
  @Test(arguments: [ElementType.float32, .float64])
  func powersAndAnglesTakeThemForZero(type: ElementType) throws {
    let graph = Graph()
    let tiny = type == .float64 ? 0x1p-1030 : 0x1p-130
    func operand(_ numbers: [Double]) -> (Value, Tensor) {
      let tensor =
        type == .float64 ? Tensor(numbers) : Tensor(numbers.map { Float($0) })
      return (graph.placeholder(type, [Dimension(numbers.count)]), tensor)
    }
    let (x, left) = operand([tiny, -tiny, tiny, tiny, 0, -2, 2, tiny, -tiny])
    let (y, right) = operand([-0.5, -1, 0.25, 1, tiny, tiny, -tiny, tiny, -tiny])
    let (zero, ones) = operand([0, -0.0, 0, 0, 0, -2, 2, 0, -0.0])
    let (flat, plain) = operand([-0.5, -1, 0.25, 1, 0, 0, -0.0, 0, -0.0])
    let results = try Session(graph).run(
      [pow(x, y), pow(zero, flat), atan2(x, y), atan2(zero, flat)],
      feeds: [x: left, y: right, zero: ones, flat: plain])
    #expect(results[0].hasSameBits(as: results[1]) && results[2].hasSameBits(as: results[3]))
    let powers: [Double] = [.infinity, -.infinity, 0, 0, 1, 1, 1, 1, 1]
    #expect(
      results[0] == (type == .float64 ? Tensor(powers) : Tensor(powers.map { Float($0) })))
  }

  /// A pool that is used by itself computes as its caller does.
  @Test func poolsComputeAsTheirCallers() {
    let pool = ComputePool(threads: 3)
    for flushes in [false, true, false] {
      var results = [Float](repeating: 1, count: 64)
      results.withUnsafeMutableBufferPointer { results in
        nonisolated(unsafe) let results = results
        func compute() {
          pool.run(shards: results.count) { shard in
            for _ in 0..<1000 { results[shard] = subnormals[shard] * 2 }
          }
        }
        if flushes { FloatingPointMode.flushing(compute) } else { compute() }
      }
      #expect(results.allSatisfy { $0 == (flushes ? 0 : 0x1p-129) })
    }
  }
}
