import Dataflow
import DataflowFormats
import Foundation
import TestSupport
import Testing

/// Summaries that a graph computes, in event files and in imported graphs.
@Suite struct SummaryTests {
  @Test func scalarsReachTheFile() throws {
    let graph = Graph()
    let x = graph.placeholder(.float64, [])
    let steps = graph.placeholder(.int32, [])
    let merged = try mergeSummary([
      try scalarSummary(x * 2, tag: "twice"), try scalarSummary(steps, tag: "steps"),
    ])
    let session = Session(graph)
    let folder = try TemporaryFolder()
    let events = try EventWriter(folder: folder.url)
    for step in 1...3 {
      let feeds = [x: Tensor(Double(step) / 4), steps: Tensor(Int32(step * 10))]
      try events.write(summary: try session.run([merged], feeds: feeds)[0], step: step)
    }
    try events.close()
    let found = try EventReader.scalars(in: events.file)
    #expect(found.map(\.step) == [1, 1, 2, 2, 3, 3])
    #expect(found.map(\.tag) == ["twice", "steps", "twice", "steps", "twice", "steps"])
    #expect(found.map(\.value) == [0.5, 10, 1, 20, 1.5, 30])
  }

  @Test func histogramsCountEveryElement() throws {
    let graph = Graph()
    let x = graph.placeholder(.float64, ["n"])
    let summary = histogramSummary(x, tag: "weights")
    let elements = [-1e30, -2, -1.9, 0, 0, 1e-13, 0.5, 3, 3, 3]
    let bytes = try Session(graph).run([summary], feeds: [x: Tensor(elements)])[0]
    let fields = try MessageFields(bytes.scalars(as: UInt8.self))
    let value = try MessageFields(try #require(fields.bytes[1]))
    #expect(value.bytes[1].map { String(decoding: $0, as: UTF8.self) } == "weights")
    let histogram = try MessageFields(try #require(value.bytes[5]))
    #expect(histogram.doubles[1] == -1e30 && histogram.doubles[2] == 3)
    #expect(histogram.doubles[3] == 10 && histogram.doubles[4] == elements.reduce(0, +))
    #expect(histogram.doubles[5] == elements.reduce(0) { $0 + $1 * $1 })
    let limits = try #require(histogram.lists[6])
    let counts = try #require(histogram.lists[7])
    #expect(limits.count == counts.count && limits == limits.sorted())
    #expect(counts.reduce(0, +) == 10)
    // Each element is below its bucket's limit and not below the one before.
    var below = 0.0
    for (limit, count) in zip(limits, counts) {
      below += count
      #expect(below == Double(elements.count { $0 < limit }))
    }
  }

  @Test func whatIsNotFiniteIsAnError() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [2])
    let summary = histogramSummary(x, tag: "weights", name: "h")
    let error = #expect(throws: GraphError.self) {
      try Session(graph).run([summary], feeds: [x: Tensor([1, .nan] as [Float])])
    }
    #expect(error?.node == "h")
    #expect(error?.message == "the histogram weights has no place for element 1, nan")
  }

  @Test func tensorFlowsSummariesAreImported() throws {
    let def = try GraphDef(
      text: """
        node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } }
          attr { key: "shape" value { shape { } } } }
        node { name: "tag" op: "Const" attr { key: "dtype" value { type: DT_STRING } }
          attr { key: "value" value { tensor { dtype: DT_STRING tensor_shape { }
            string_val: "1.Losses/1.LOSS" } } } }
        node { name: "loss" op: "ScalarSummary" input: "tag" input: "x"
          attr { key: "T" value { type: DT_FLOAT } } }
        node { name: "spread" op: "HistogramSummary" input: "tag" input: "x"
          attr { key: "T" value { type: DT_FLOAT } } }
        node { name: "all" op: "MergeSummary" input: "loss" input: "spread"
          attr { key: "N" value { i: 2 } } }
        node { name: "shown" op: "Print" input: "x" input: "tag" input: "x"
          attr { key: "T" value { type: DT_FLOAT } }
          attr { key: "message" value { s: "x is " } } attr { key: "first_n" value { i: 0 } } }
        """)
    let graph = try Graph(importing: def)
    let x = try graph.value(named: "x")
    let results = try Session(graph).run(
      [try graph.value(named: "all"), try graph.value(named: "shown")],
      feeds: [x: Tensor(2.5 as Float)])
    let folder = try TemporaryFolder()
    let events = try EventWriter(folder: folder.url)
    try events.write(summary: results[0], step: 7)
    try events.close()
    let found = try EventReader.scalars(in: events.file)
    #expect(found.map(\.tag) == ["1.Losses/1.LOSS"] && found.map(\.value) == [2.5])
    #expect(results[1] == Tensor(2.5 as Float))
  }
}

/// The fields of a message, the last of each number.
private struct MessageFields {
  var bytes: [Int: [UInt8]] = [:]
  var doubles: [Int: Double] = [:]
  var lists: [Int: [Double]] = [:]

  init(_ message: [UInt8]) throws {
    try message.withUnsafeBytes { buffer in
      var reader = ProtobufReader(buffer)
      while let (number, field) = try reader.next() {
        switch field {
        case .bytes(let content):
          bytes[number] = Array(content)
          if content.count % 8 == 0 {
            lists[number] = (0..<content.count / 8).map {
              Double(bitPattern: content.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self))
            }
          }
        case .fixed64(let bits): doubles[number] = Double(bitPattern: bits)
        default: break
        }
      }
    }
  }
}
