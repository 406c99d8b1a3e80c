import DataflowGraph
import TestSupport
import Testing

/// Graphs drawn at random are printed and read again.
@Suite struct RandomGraphTextTests {
  @Test(arguments: 0..<20) func printedAndParsedEqualsTheOriginal(part: Int) throws {
    for seed in (part * 100)..<(part * 100 + 100) {
      let graph = RandomGraph(
        seed: UInt64(seed), operations: 5 + seed % 40, namesSizes: seed % 2 == 0
      )
      .graph
      let text = graph.text
      let parsed = try Graph(text: text)
      #expect(firstDifference(graph, parsed) == nil)
      #expect(parsed.text == text)
    }
  }
}
