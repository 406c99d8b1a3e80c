import Dataflow
import TestSupport
import Testing

/// Graphs drawn at random go to TensorFlow's form and back, as bytes or as text.
@Suite struct RandomGraphExportTests {
  @Test(arguments: 0..<10) func exportedAndImportedEqualsTheOriginal(part: Int) throws {
    for seed in (part * 100)..<(part * 100 + 100) {
      let random = RandomGraph(
        seed: UInt64(seed), operations: 5 + seed % 40, namesSizes: seed % 2 == 0)
      var sample = ExportSample("seed \(seed)", random.graph)
      (sample.feeds, sample.fetches) = (random.feeds, random.fetches)
      let def = try GraphDef(exporting: random.graph)
      let copy = seed % 3 == 0 ? try GraphDef(text: def.text) : try GraphDef(binary: def.binary)
      let returned = try sample.results(in: try Graph(importing: copy))
      let expected = try sample.results()
      #expect(zip(expected, returned).allSatisfy { $0.hasSameBits(as: $1) }, "seed \(seed)")
    }
  }
}
