import Foundation
import ProtobufWire
import TestSupport
import Testing

@testable import DataflowFormats

/// Records of which a long run of bytes is read straight to where it is wanted.
@Suite(.timeLimit(.minutes(10))) struct StreamedRecordTests {
  private static let run = 100..<300_000
  private static func longRun(_: UnsafeRawBufferPointer) -> Range<Int>? { run }
  private static let record = (0..<310_000).map { UInt8(truncatingIfNeeded: $0 &* $0 / 31) }

  private func write(_ records: [[UInt8]], to url: URL) throws -> TFRecordFile {
    let writer = try TFRecordWriter(url)
    for record in records { try writer.write(record) }
    try writer.close()
    return try TFRecordFile(url)
  }

  /// The record as it is put together from what lies around the run and some ranges of it.
  private func read(_ file: TFRecordFile, _ ranges: [Range<Int>]) throws -> [UInt8]? {
    try file.withStreamedRecord(1, longRun: Self.longRun) { content, streamed in
      var result = Self.record
      result.replaceSubrange(..<Self.run.lowerBound, with: content[..<Self.run.lowerBound])
      result.replaceSubrange(Self.run.upperBound..., with: content[Self.run.upperBound...])
      #expect(streamed.place.count == Self.run.count)
      #expect(streamed.place.baseAddress == content.baseAddress! + Self.run.lowerBound)
      for range in ranges {
        result.withUnsafeMutableBytes { bytes in
          let target = bytes.baseAddress! + Self.run.lowerBound + range.lowerBound
          memset(target, 0, range.count)
          streamed.read(range, to: target)
        }
      }
      return result
    }
  }

  /// In one piece, in many small ones, both, with gaps and not at all.
  private static let patterns: [[Range<Int>]] = {
    let count = run.count
    func pieces(_ size: Int, from start: Int = 0, step: Int? = nil) -> [Range<Int>] {
      stride(from: start, to: count, by: step ?? size).map { $0..<min($0 + size, count) }
    }
    return [
      [0..<count], pieces(1000), pieces(70_000), pieces(16_384), pieces(16_383),
      [0..<10, 10..<200_000, 200_000..<200_003, 200_003..<count],
      pieces(500, from: 77_777, step: 3000), [count - 1..<count], [5..<5], [],
    ]
  }()

  @Test(arguments: patterns.indices) func bytesAreThoseOfTheRecord(pattern: Int) throws {
    let folder = try TemporaryFolder()
    let file = try write([[1, 2, 3], Self.record, [4]], to: folder.file("a.tfrecord"))
    for _ in 0..<2 { #expect(try read(file, Self.patterns[pattern]) == Self.record) }
    #expect(try file.withRecord(1) { Array($0) } == Self.record)
  }

  /// A bit before, in and behind the run and in the checksum, at the ends of the pieces that are read at a time.
  @Test(arguments: patterns.indices) func everyDamageIsFound(pattern: Int) throws {
    let folder = try TemporaryFolder()
    let url = folder.file("a.tfrecord")
    let file = try write([[1, 2, 3], Self.record, [4]], to: url)
    let good = [UInt8](try Data(contentsOf: url))
    let start = 19 + 12
    let places =
      [0, 99, 100, 101, 16_483, 16_484, 65_635, 65_636, 77_877, 77_976, 299_999, 300_000]
      + [309_999, 310_000, 310_003]
    for place in places {
      var bytes = good
      bytes[start + place] ^= 1 << (place % 8)
      try Data(bytes).write(to: url)
      let damaged = try TFRecordFile(url)
      let error = #expect(throws: FormatError.self) {
        try read(damaged, Self.patterns[pattern])
      }
      #expect(error?.damage == .contentChecksum && error?.record == 1, "byte \(place)")
      #expect(error?.offset == 19 && error?.file == url.path)
    }
    try Data(good).write(to: url)
    #expect(try read(file, Self.patterns[pattern]) == Self.record)
  }

  /// A file whose rest is not read in one piece: the end is missed in the run or behind it.
  @Test func aFileThatShrinksIsAnError() throws {
    let folder = try TemporaryFolder()
    let url = folder.file("a.tfrecord")
    let file = try write([[1, 2, 3], Self.record, [4]], to: url)
    for size in [305_000, 100_000, 25] {
      #expect(truncate(url.path, off_t(size)) == 0)
      let error = #expect(throws: FormatError.self) { try read(file, [0..<Self.run.count]) }
      #expect(error?.damage == .truncated && error?.record == 1)
      #expect(error?.message == "the file has become shorter: it has \(size) bytes")
    }
  }

  @Test func whatInspectsBytesMeetsAllOfThemAndMayRefuseThem() throws {
    let folder = try TemporaryFolder()
    let file = try write([[1, 2, 3], Self.record], to: folder.file("a.tfrecord"))
    for ranges in Self.patterns {
      var (met, isRefusing) = ([UInt8](), false)
      func read() throws {
        met = []
        _ = try file.withStreamedRecord(1, longRun: Self.longRun) { _, streamed in
          streamed.inspect = { bytes throws(FormatError) in
            met += bytes
            if isRefusing && met.count > 150_000 { throw FormatError("refused") }
          }
          var target = [UInt8](repeating: 0, count: Self.run.count)
          target.withUnsafeMutableBytes { target in
            for range in ranges { streamed.read(range, to: target.baseAddress! + range.lowerBound) }
          }
        }
      }
      try read()
      #expect(met == Array(Self.record[Self.run]))
      isRefusing = true
      #expect(throws: FormatError.self) { try read() }
    }
  }

  @Test func recordsWithoutALongRunAreNotStreamed() throws {
    let folder = try TemporaryFolder()
    let file = try write([[1, 2, 3], Self.record], to: folder.file("a.tfrecord"))
    func isStreamed(_ record: Int, _ run: Range<Int>?) throws -> Bool {
      func longRun(_: UnsafeRawBufferPointer) -> Range<Int>? { run }
      return try file.withStreamedRecord(record, longRun: longRun) { _, _ in } != nil
    }
    #expect(try isStreamed(1, Self.run))
    #expect(try !isStreamed(0, 0..<3))
    #expect(try !isStreamed(1, nil))
    #expect(try !isStreamed(1, 100..<1000))
    // What lies before it is not known then.
    #expect(try !isStreamed(1, 5000..<300_000))
  }

  // MARK: Examples

  @Test func longFloatsAreFound() {
    let numbers = (0..<1000).map { Float($0) }
    let example = TrainExample(features: [
      "a": .floats([1, 2]), "b": .integers([3]), "c": .floats(numbers), "d": .floats(numbers),
    ]).encoded()
    example.withUnsafeBytes { bytes in
      let range = EncodedExample.longFloats(bytes, least: 4000)
      let expected = numbers.withUnsafeBytes { Array($0) }
      #expect(range.map { Array(bytes[$0]) } == expected)
      // The first of them.
      #expect(range.map { $0.lowerBound < 100 } == true)
      #expect(EncodedExample.longFloats(bytes, least: 5000) == nil)
      // A parser that meets what lies there now reads it nowhere else.
      let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
      defer { copy.deallocate() }
      copy.copyMemory(from: bytes)
      for place in range! { copy[place] = 0xFF }
      let blank = try? EncodedExample(UnsafeRawBufferPointer(copy))
      guard case .packedFloats(let found)? = blank?["c"] else {
        Issue.record("no list")
        return
      }
      #expect(found.baseAddress == UnsafeRawPointer(copy.baseAddress! + range!.lowerBound))
      #expect(found.count == 4000)
    }
  }

  /// Forms that are good for a parser which sees all bytes only, and bytes that are no example.
  @Test func listsInOtherFormsAreNotTakenForLongFloats() throws {
    let numbers = [UInt8](repeating: 0, count: 4000)
    func example(_ feature: (inout ProtobufWriter) -> Void, nameIsFirst: Bool = true) -> [UInt8] {
      var writer = ProtobufWriter()
      writer.field(1) { features in
        features.field(1) { entry in
          if nameIsFirst { entry.field(1, string: "a") }
          entry.field(2) { feature(&$0) }
          if !nameIsFirst { entry.field(1, string: "a") }
        }
      }
      return writer.bytes
    }
    func found(_ bytes: [UInt8]) -> Range<Int>? {
      bytes.withUnsafeBytes { EncodedExample.longFloats($0, least: 2000) }
    }
    let packed = example { $0.field(2) { $0.field(1, bytes: numbers) } }
    #expect(found(packed)?.count == 4000)
    let others = [
      example { $0.field(2) { $0.field(1, bytes: numbers[2...]) } },
      example({ $0.field(2) { $0.field(1, bytes: numbers) } }, nameIsFirst: false),
      example {
        $0.field(2) {
          $0.field(1, bytes: numbers)
          $0.field(1, bytes: numbers[..<4])
        }
      },
      example {
        $0.field(2) { $0.field(1, bytes: numbers) }
        $0.field(2) { $0.field(1, bytes: numbers) }
      },
      example { $0.field(3) { $0.field(1, bytes: numbers) } },
      example { $0.field(1) { $0.field(1, bytes: numbers) } },
      example { $0.field(2) { list in for _ in 0..<1000 { list.field(1, length: 0) } } },
      Array(packed[1...]), Array(packed[..<20]), [], numbers,
    ]
    for (index, bytes) in others.enumerated() { #expect(found(bytes) == nil, "form \(index)") }
  }
}
