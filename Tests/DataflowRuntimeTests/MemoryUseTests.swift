import Dataflow
import DataflowRuntime
import Testing

@Suite struct MemoryUseTests {
  /// Of a chain of products two results live at a time, and the last waits to be fetched.
  @Test func lowerBoundOfAChain() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [100, 100])
    let y = (0..<5).reduce(x) { product, _ in matMul(product, x) }
    let session = Session(graph)
    let feeds = [x: Tensor(zeros: [100, 100], elementType: .float32)]
    #expect(session.memoryUse(feeds: feeds, fetches: [y]) == nil)
    _ = try session.run([y], feeds: feeds)
    let use = try #require(session.memoryUse(feeds: feeds, fetches: [y]))
    #expect(use.lowerBound == 2 * 40_000)
    #expect(use.byteCount >= use.lowerBound && use.byteCount < use.lowerBound + 256)
  }
}
