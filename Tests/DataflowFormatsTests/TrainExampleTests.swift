import Foundation
import ProtobufWire
import TestSupport
import Testing

@testable import DataflowFormats

@Suite(.timeLimit(.minutes(10))) struct TrainExampleTests {
  private static let example = TrainExample(features: [
    "name": .bytes([Array("mol".utf8), [0xFF, 0]]),
    "energy": .floats([-1.5]),
    "species": .integers([0, 1, 128, -1, .min, .max]),
    "none": .bytes([]),
  ])

  @Test func returns() throws {
    #expect(try TrainExample(encoded: Self.example.encoded()) == Self.example)
  }

  /// The message written out by hand: features, entry, name, feature, list, packed numbers.
  @Test func writesNamesInOrderAndNumbersPacked() {
    let example = TrainExample(features: ["b": .integers([1, 300]), "a": .floats([1])])
    let expected = [UInt8](
      hex: """
        0a1d
          0a0d 0a0161 1208 1206 0a040000803f
          0a0c 0a0162 1207 1a05 0a0301ac02
        """)
    #expect(example.encoded() == expected)
  }

  @Test func readsListsThatAreNotPacked() throws {
    let floats = [UInt8](hex: "120a 0d0000803f 0d00000040")
    let integers = [UInt8](hex: "1a05 0805 08ac02")
    var writer = ProtobufWriter()
    writer.field(1) { features in
      for (name, list) in [("f", floats), ("i", integers)] {
        features.field(1) { entry in
          entry.field(1, string: name)
          entry.field(2, bytes: list)
        }
      }
    }
    let expected: [String: TrainExample.Feature] = [
      "f": .floats([1, 2]), "i": .integers([5, 300]),
    ]
    #expect(try TrainExample(encoded: writer.bytes).features == expected)
  }

  @Test func listsWithoutNumbersReturn() throws {
    let example = TrainExample(features: ["f": .floats([]), "i": .integers([])])
    #expect(try TrainExample(encoded: example.encoded()) == example)
  }

  @Test func namesTheListAndTheByte() {
    let bytes = [UInt8](hex: "0a0c 0a0a 0a0161 1205 1203 0a0161")
    #expect(throws: FormatError(offset: 11, "a: a packed list of floats has 1 bytes")) {
      try TrainExample(encoded: bytes)
    }
  }

  /// Damage is an error or another example, never a trap or an endless loop.
  @Test func everyChangedBitIsSurvived() {
    let bytes = Self.example.encoded()
    var (errors, others) = (0, 0)
    for (_, changed) in bytes.withEachBitFlipped {
      do {
        if try TrainExample(encoded: changed) != Self.example { others += 1 }
      } catch {
        errors += 1
      }
    }
    #expect(errors > 0 && others > 0)
    #expect(errors + others > 8 * bytes.count * 9 / 10)
  }

  @Test func everyCutIsSurvived() {
    let bytes = Self.example.encoded()
    for count in 1..<bytes.count {
      #expect(throws: FormatError.self) { try TrainExample(encoded: Array(bytes[..<count])) }
    }
  }

  /// Lists of the length that derivatives have take about as long as copying them does.
  @Test func longListsAreFast() throws {
    let floats = (0..<1_300_000).map { Float($0) }
    let example = TrainExample(features: ["dgvects": .floats(floats)])
    var (bytes, back) = (example.encoded(), TrainExample())
    var (writing, reading) = (Duration.seconds(100), Duration.seconds(100))
    for _ in 0..<5 {
      writing = min(writing, ContinuousClock().measure { bytes = example.encoded() })
      reading = min(
        reading, try ContinuousClock().measure { back = try TrainExample(encoded: bytes) })
    }
    #expect(back == example)
    #expect(writing < .milliseconds(50), "writing 5 MB took \(writing)")
    #expect(reading < .milliseconds(50), "reading 5 MB took \(reading)")
  }

  @Test(.enabled(if: Golden.isPresent, "reference data absent"))
  func readsTensorFlowsExamples() throws {
    var reader = try TFRecordReader(Golden.url("tensorflow/tfrecord/examples.tfrecord"))
    let first = try #require(try reader.next())
    let example = try TrainExample(encoded: first)
    #expect(example.features["species"] == .integers([3, 1, 2, 0, 0]))
    #expect(example.features["neg"] == .integers([-1, .min, .max, 0]))
    #expect(example.features["energy"] == .floats([0.338_686_317_205_429_1]))
    #expect(example.features["name"] == .bytes([Array("mol0".utf8), [0xFF, 0]]))
    #expect(example.features["empty"] == .floats([]))
    var count = 1
    while let record = try reader.next() {
      count += 1
      let example = try TrainExample(encoded: record)
      #expect(try TrainExample(encoded: example.encoded()) == example)
    }
    #expect(count > 1)
  }
}
