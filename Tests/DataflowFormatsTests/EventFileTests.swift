import Foundation
import ProtobufWire
import Tensors
import TestSupport
import Testing

@testable import DataflowFormats

@Suite(.timeLimit(.minutes(10))) struct EventFileTests {
  @Test func scalarsReturn() throws {
    let folder = try TemporaryFolder()
    let writer = try EventWriter(folder: folder.url, wallTime: 1000.25)
    try writer.write([("loss", 0.5), ("1.Losses/2.Energy_RMSE", -2)], step: 1, wallTime: 1001)
    try writer.write([("loss", 0.25)], step: 1 << 40, wallTime: 1002.5)
    try writer.close()
    let expected = [
      EventScalar(step: 1, wallTime: 1001, tag: "loss", value: 0.5),
      EventScalar(step: 1, wallTime: 1001, tag: "1.Losses/2.Energy_RMSE", value: -2),
      EventScalar(step: 1 << 40, wallTime: 1002.5, tag: "loss", value: 0.25),
    ]
    #expect(try EventReader.scalars(in: writer.file) == expected)
  }

  @Test func theNameIsTensorBoards() throws {
    let folder = try TemporaryFolder()
    let first = try EventWriter(folder: folder.url, wallTime: 1000.25)
    let second = try EventWriter(folder: folder.url, wallTime: 1000.75)
    let host = ProcessInfo.processInfo.hostName
    #expect(first.file.lastPathComponent == "events.out.tfevents.1000.\(host)")
    #expect(second.file.lastPathComponent == "events.out.tfevents.1000.\(host).1")
  }

  /// Time, version; then time, step and a summary of one value with tag and number.
  @Test func theBytesAreThoseOfTheFormat() throws {
    let folder = try TemporaryFolder()
    let writer = try EventWriter(folder: folder.url, wallTime: 1)
    try writer.write([("a", 1)], step: 3, wallTime: 2)
    try writer.writeStart(step: 300, wallTime: 2)
    try writer.close()
    var reader = try TFRecordReader(writer.file)
    #expect(
      try reader.next()
        == [UInt8](hex: "09000000000000f03f 1a0d 627261696e2e4576656e743a32"))
    #expect(
      try reader.next()
        == [UInt8](hex: "090000000000000040 1003 2a0a 0a08 0a0161 150000803f"))
    // A session log that says START.
    #expect(try reader.next() == [UInt8](hex: "090000000000000040 10ac02 3a02 0801"))
    #expect(try reader.next() == nil)
  }

  @Test func whatAKilledProgramLeftIsRead() throws {
    let folder = try TemporaryFolder()
    let writer = try EventWriter(folder: folder.url)
    for step in 0..<3 { try writer.write([("loss", Double(step))], step: step) }
    try writer.close()
    let bytes = [UInt8](try Data(contentsOf: writer.file))
    let cut = try folder.write(Array(bytes.dropLast(5)), to: "cut")
    #expect(try EventReader.scalars(in: cut).map(\.step) == [0, 1])
    var damaged = bytes
    damaged[bytes.count - 1] ^= 1
    let file = try folder.write(damaged, to: "damaged")
    #expect(throws: FormatError.self) { try EventReader.scalars(in: file) }
  }

  @Test func whatWasFlushedIsThere() throws {
    let folder = try TemporaryFolder()
    let writer = try EventWriter(folder: folder.url)
    #expect(try EventReader.scalars(in: writer.file) == [])
    try writer.write([("loss", 1)], step: 0)
    try writer.flush()
    #expect(try EventReader.scalars(in: writer.file).count == 1)
  }

  @Test(.enabled(if: Golden.isPresent, "reference data absent"))
  func readsTensorFlowsFile() throws {
    struct Expected: Decodable {
      let step: Int
      let loss: Double
    }
    let expected = try JSONDecoder().decode(
      [Expected].self, from: Data(contentsOf: Golden.url("tensorflow/events/expected.json")))
    let scalars = try EventReader.scalars(
      in: Golden.url("tensorflow/events/events.out.tfevents.1795384101.vm"))
    #expect(scalars.map(\.step) == expected.map(\.step))
    #expect(scalars.map(\.value) == expected.map(\.loss))
    #expect(Set(scalars.map(\.tag)).count == 1)
  }

  /// Texts do not disturb the scalars beside them.
  @Test func scalarsAreFoundAmongTexts() throws {
    let folder = try TemporaryFolder()
    let events = try EventWriter(folder: folder.url)
    try events.write(text: "- `a` = `1`", tag: "hyperparameters", step: 0)
    try events.write([("loss", 0.5)], step: 1)
    try events.close()
    let scalars = try EventReader.scalars(in: events.file)
    #expect(scalars.map(\.tag) == ["loss"] && scalars[0].value == 0.5)
  }

  /// Writes each tensor as a value of its own with a plugin's name before or behind it.
  private func write(
    _ tensors: [(tag: String, tensor: TensorProto)], plugin: String?, isFirst: Bool = false,
    to events: EventWriter, step: Int
  ) throws {
    func metadata(_ value: inout ProtobufWriter) {
      guard let plugin else { return }
      value.field(9) { $0.field(1) { $0.field(1, string: plugin) } }
    }
    try events.write(step: step) { summary in
      for (tag, tensor) in tensors {
        summary.field(1) {
          $0.field(1, string: tag)
          if isFirst { metadata(&$0) }
          $0.field(8, bytes: tensor.encode())
          if !isFirst { metadata(&$0) }
        }
      }
    }
  }

  /// A tensor by its number of a type, and the bytes of its elements.
  private func proto(_ type: Int, _ content: [UInt8], _ sizes: [Int] = []) -> TensorProto {
    var proto = TensorProto()
    proto.type = DataType(number: type)
    proto.shape = TensorShapeProto(sizes: sizes)
    proto.content = content
    return proto
  }

  /// TensorFlow 2 has no other scalars.
  @Test func tensorsOfOneNumberAreScalars() throws {
    let folder = try TemporaryFolder()
    let events = try EventWriter(folder: folder.url)
    var listed = TensorProto()
    (listed.type, listed.halves) = (.bfloat16, [0xC0_20])
    let tensors: [(String, TensorProto)] = [
      ("float", proto(1, [0, 0, 0x20, 0x40])), ("double", TensorProto(Tensor(0.1))),
      ("half", proto(19, [0, 0x41])), ("bfloat16", proto(14, [0x20, 0x40])),
      ("listed", listed), ("int32", TensorProto(Tensor(Int32(-3)))),
      ("int64", TensorProto(Tensor(Int64(1) << 40))),
      ("of rank 2", proto(1, [0, 0, 0x20, 0x40], [1, 1])), ("nothing but zeros", proto(1, [])),
      ("two", TensorProto(Tensor([1, 2] as [Float]))), ("none", proto(1, [], [0])),
      ("truth", TensorProto(Tensor(true))),
    ]
    try write(tensors, plugin: "scalars", to: events, step: 7)
    try write([tensors[0]], plugin: "scalars", isFirst: true, to: events, step: 8)
    try events.close()
    let found = try EventReader.scalars(in: events.file)
    #expect(
      found.map(\.tag) == [
        "float", "double", "half", "bfloat16", "listed", "int32", "int64", "of rank 2",
        "nothing but zeros", "float",
      ])
    #expect(
      found.map(\.value) == [2.5, 0.1, 2.5, 2.5, -2.5, -3, 1_099_511_627_776, 2.5, 0, 2.5])
    #expect(found.map(\.step) == Array(repeating: 7, count: 9) + [8])
  }

  /// As TensorFlow 1 writes them.
  @Test func thePluginIsThatOfTheTagsFirstValue() throws {
    let folder = try TemporaryFolder()
    let events = try EventWriter(folder: folder.url)
    let tensor = TensorProto(Tensor(Float(1)))
    try write([("x", tensor)], plugin: "scalars", to: events, step: 1)
    try write([("x", tensor), ("y", tensor)], plugin: nil, to: events, step: 2)
    try events.close()
    let scalars = try EventReader.scalars(in: events.file)
    #expect(scalars.map(\.tag) == ["x", "x"] && scalars.map(\.step) == [1, 2])
  }

  @Test func tensorsOfOtherPluginsAreNoScalars() throws {
    let folder = try TemporaryFolder()
    let events = try EventWriter(folder: folder.url)
    let tensor = TensorProto(Tensor(Float(1)))
    for plugin in ["histograms", "text", "images", nil] {
      try write([("x", tensor)], plugin: plugin, to: events, step: 1)
    }
    try events.write([("loss", 0.5)], step: 2)
    try events.close()
    #expect(try EventReader.scalars(in: events.file).map(\.tag) == ["loss"])
  }

  @Test func scalarsWhoseBytesDoNotFitAreDamaged() throws {
    let folder = try TemporaryFolder()
    for (type, size) in [(1, 3), (2, 4), (14, 3), (19, 1)] {
      let events = try EventWriter(folder: folder.url)
      let tensor = proto(type, Array(repeating: 0, count: size))
      try write([("x", tensor)], plugin: "scalars", to: events, step: 1)
      try events.close()
      let error = #expect(throws: FormatError.self) { try EventReader.scalars(in: events.file) }
      #expect(error?.record == 1)
    }
  }
}
