import Foundation
import TestSupport
import Testing

@testable import DataflowFormats

/// Graphs and what their operations cost, in event files.
@Suite(.timeLimit(.minutes(10))) struct EventGraphTests {
  private static let graph = GraphDef(
    nodes: [
      NodeDef(name: "x", op: "Placeholder"),
      NodeDef(
        name: "layer/y", op: "Exp", inputs: ["x"], device: "/device:CPU:0",
        attributes: ["name": .text("a")]),
    ], versions: VersionDef(producer: 1087))

  private static func step(_ node: String, from start: Int64, for duration: Int64)
    -> RunMetadata.Step
  {
    var step = RunMetadata.Step()
    step.node = node
    step.label = "\(node) = Exp(x)"
    (step.startMicroseconds, step.startNanoseconds) = (start, 1000 * start)
    (step.microseconds, step.nanoseconds) = (duration, 1000 * duration)
    step.thread = 2
    return step
  }

  private static let metadata = RunMetadata(devices: [
    .init(name: "/device:CPU:0", steps: [step("layer/y", from: 3, for: 4)]),
    .init(name: "/device:CPU:1", steps: []),
  ])

  @Test func graphsAndCostsReturnAmongScalars() throws {
    let folder = try TemporaryFolder()
    let writer = try EventWriter(folder: folder.url)
    try writer.write(graph: Self.graph)
    try writer.write([("loss", 0.5)], step: 1)
    try writer.write(metadata: Self.metadata, tag: "step 7", step: 7)
    try writer.write([("loss", 0.25)], step: 8)
    try writer.close()
    let contents = try EventReader.contents(of: writer.file)
    #expect(contents.graphs == [Self.graph])
    #expect(
      contents.runMetadata == [EventRunMetadata(step: 7, tag: "step 7", metadata: Self.metadata)])
    #expect(contents.scalars.map(\.step) == [1, 8])
    #expect(try EventReader.scalars(in: writer.file) == contents.scalars)
  }

  /// Field by field, as event.proto and step_stats.proto number them.
  @Test func theBytesAreThoseOfTheFormat() throws {
    let folder = try TemporaryFolder()
    let writer = try EventWriter(folder: folder.url, wallTime: 1)
    try writer.write(
      graph: GraphDef(nodes: [NodeDef(name: "x", op: "F")]), wallTime: 2)
    var step = Self.step("n", from: 1, for: 2)
    step.label = "l"
    try writer.write(
      metadata: RunMetadata(devices: [.init(name: "d", steps: [step])]), tag: "a", step: 3,
      wallTime: 2)
    try writer.close()
    var reader = try TFRecordReader(writer.file)
    _ = try reader.next()
    #expect(
      try reader.next() == [UInt8](hex: "090000000000000040 2208 0a06 0a0178 120146"))
    let stats = "0a016e 1001 2002 2802 42016c 5002 68e807 78d00f 8001d00f"
    #expect(
      try reader.next()
        == [UInt8](
          hex: "090000000000000040 1003 4226 0a0161 1221 0a1f 0a1d 0a0164 1218 \(stats)"))
    #expect(try reader.next() == nil)
  }

  @Test func damageIsNamedWithItsPlace() throws {
    let folder = try TemporaryFolder()
    let writer = try TFRecordWriter(folder.url.appendingPathComponent("events"))
    // A graph whose one node says that it is longer than the graph.
    try writer.write([UInt8](hex: "22040a090a01"))
    try writer.close()
    let error = #expect(throws: FormatError.self) {
      try EventReader.contents(of: folder.url.appendingPathComponent("events"))
    }
    let text = error?.description ?? "no error"
    #expect(
      text.hasSuffix("events: record 0 at byte 14: field 1 is 9 bytes long, 2 are left"), "\(text)")
  }

  @Test func filesAreInTheOrderInWhichTheyWereBegun() throws {
    let folder = try TemporaryFolder()
    for name in ["1000.b", "999.a", "1000.b.1"] {
      _ = try folder.write("", to: "events.out.tfevents.\(name)")
    }
    _ = try folder.write("", to: "notes.txt")
    #expect(
      try EventReader.files(in: folder.url).map { $0.lastPathComponent.dropFirst(20) }
        == ["999.a", "1000.b", "1000.b.1"])
  }
}
