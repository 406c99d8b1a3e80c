import Foundation
import TestSupport
import Testing

@testable import DataflowFormats

@Suite(.timeLimit(.minutes(10))) struct TFRecordTests {
  /// Three records as TensorFlow 2.21 writes them: nothing, "a" and "hello world".
  private static let bytes = [UInt8](
    hex: """
      0000000000000000 29039807 d8ea82a2
      0100000000000000 175de416 1786ee42 61
      """)

  @Test func writesWhatItReads() throws {
    let folder = try TemporaryFolder()
    let records: [[UInt8]] = [
      [], [1], Array("hello world".utf8), Array(repeating: 0xAB, count: 70_001),
      (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }, [],
    ]
    let file = folder.file("records.tfrecord")
    try write(records, to: file)
    #expect(try read(file) == records)
    #expect(try folder.names == ["records.tfrecord"])
  }

  @Test func writesTensorFlowsBytes() throws {
    let folder = try TemporaryFolder()
    let file = folder.file("known.tfrecord")
    try write([[], Array("hello world".utf8)], to: file)
    let expected = [UInt8](
      hex: """
        0000000000000000 29039807 d8ea82a2
        0b00000000000000 8615f504 68656c6c6f20776f726c64 007ed86d
        """)
    #expect([UInt8](try Data(contentsOf: file)) == expected)
  }

  @Test func everyChangedBitIsFound() throws {
    let folder = try TemporaryFolder()
    let good = folder.file("good.tfrecord")
    try write([[1, 2, 3], [4, 5, 6, 7]], to: good)
    for (bit, bytes) in [UInt8](try Data(contentsOf: good)).withEachBitFlipped {
      let file = try folder.write(bytes, to: "bad.tfrecord")
      let error = #expect(throws: FormatError.self) { try read(file) }
      // Record 0 has bytes 0 to 18; its length and that one's checksum bytes 0 to 11.
      let (record, inRecord) = bit / 8 < 19 ? (0, bit / 8) : (1, bit / 8 - 19)
      #expect(error?.record == record)
      #expect(error?.offset == 19 * record)
      #expect(error?.damage == (inRecord < 12 ? .lengthChecksum : .contentChecksum))
      #expect(error?.file == file.path)
    }
  }

  @Test func everyCutIsFound() throws {
    let folder = try TemporaryFolder()
    let good = folder.file("good.tfrecord")
    try write([[1, 2, 3], [4, 5, 6, 7]], to: good)
    let bytes = [UInt8](try Data(contentsOf: good))
    for count in 0..<bytes.count {
      let file = try folder.write(Array(bytes[..<count]), to: "cut.tfrecord")
      if count == 0 || count == 19 {
        #expect(try read(file).count == count / 19)
      } else {
        let error = #expect(throws: FormatError.self) { try read(file) }
        #expect(error?.damage == .truncated)
        #expect(error?.record == count / 20)
      }
    }
  }

  @Test func theMessageNamesFileRecordAndByte() throws {
    let folder = try TemporaryFolder()
    let good = folder.file("good.tfrecord")
    try write([[1, 2, 3], [4, 5, 6, 7]], to: good)
    let bytes = [UInt8](try Data(contentsOf: good)).dropLast(3)
    let file = try folder.write(Array(bytes), to: "cut.tfrecord")
    let error = #expect(throws: FormatError.self) { try read(file) }
    #expect(
      error?.description
        == "\(file.path): record 1 at byte 19: the record has 4 bytes and 4 of checksum, "
        + "the file ends after 5")
  }

  @Test func aClaimedLengthAllocatesNothing() throws {
    let folder = try TemporaryFolder()
    let length = [UInt8](hex: "ffffffffffffff7f")
    let checksum = CRC32C.masked(CRC32C.checksum(length))
    let header = length + withUnsafeBytes(of: checksum.littleEndian) { Array($0) }
    let file = try folder.write(header + [1, 2, 3], to: "long.tfrecord")
    let error = #expect(throws: FormatError.self) { try read(file) }
    #expect(error?.damage == .truncated)
  }

  @Test func nothingIsReadAfterAnError() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(Self.bytes, to: "bad.tfrecord")
    var reader = try TFRecordReader(file)
    #expect(try reader.next() == [])
    #expect(throws: FormatError.self) { try reader.next() }
    #expect(try reader.next() == nil)
  }

  @Test func recordsBehindADamagedContentAreRead() throws {
    let folder = try TemporaryFolder()
    let good = folder.file("good.tfrecord")
    try write([[1, 2, 3], [4, 5, 6, 7], [8]], to: good)
    var bytes = [UInt8](try Data(contentsOf: good))
    bytes[19 + 12 + 2] ^= 1
    var reader = try TFRecordReader(try folder.write(bytes, to: "bad.tfrecord"))
    #expect(try reader.next() == [1, 2, 3])
    let error = #expect(throws: FormatError.self) { try reader.next() }
    #expect(error?.damage == .contentChecksum && error?.record == 1 && error?.offset == 19)
    #expect(try reader.next() == [8])
    #expect(try reader.next() == nil)
  }

  @Test func anErrorWithinARecordSaysWhere() throws {
    let folder = try TemporaryFolder()
    let file = folder.file("records.tfrecord")
    try write([[1, 2, 3], [0x08, 0x00, 0x08]], to: file)
    var reader = try TFRecordReader(file)
    _ = try reader.next()
    let error = #expect(throws: FormatError.self) {
      try reader.nextRecord { bytes in
        var message = ProtobufReader(bytes)
        while let (_, _) = try message.next() {}
      }
    }
    #expect(error?.offset == 19 + 12 + 3)
    #expect(error?.record == 1)
  }

  @Test func aFileAppearsOnlyWhenItIsComplete() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("before", to: "records.tfrecord")
    do {
      let writer = try TFRecordWriter(file)
      try writer.write([1, 2, 3])
      try writer.flush()
      #expect(try String(contentsOf: file, encoding: .utf8) == "before")
    }
    #expect(try folder.names == ["records.tfrecord"])
    #expect(try String(contentsOf: file, encoding: .utf8) == "before")
  }

  @Test func aGrowingFileCanBeReadAfterEachFlush() throws {
    let folder = try TemporaryFolder()
    let file = folder.file("events")
    let writer = try TFRecordWriter(growing: file)
    for count in 1...3 {
      try writer.write([UInt8(count)])
      try writer.flush()
      #expect(try read(file) == (1...count).map { [UInt8($0)] })
    }
    try writer.close()
    try writer.close()
    #expect(try read(file).count == 3)
  }

  @Test func errorsNameTheFileThatWasAskedFor() throws {
    let folder = try TemporaryFolder()
    let file = folder.file("none/records.tfrecord")
    let error = #expect(throws: FormatError.self) { try TFRecordWriter(file) }
    #expect(error?.description == "\(file.path): cannot be created: No such file or directory")
    let other = #expect(throws: FormatError.self) { try TFRecordReader(file) }
    #expect(other?.description == "\(file.path): cannot be read: No such file or directory")
    let third = #expect(throws: FormatError.self) { try read(folder.url) }
    #expect(third?.message == "cannot be read: Is a directory")
  }

  @Test(.enabled(if: Golden.isPresent, "reference data absent"))
  func readsTensorFlowsFile() throws {
    let records = try read(Golden.url("tensorflow/tfrecord/raw.tfrecord"))
    #expect(records.map(\.count) == [0, 1, 11, 256, 1000, 70_001])
    #expect(records[2] == Array("hello world".utf8))
    let folder = try TemporaryFolder()
    try write(records, to: folder.file("again.tfrecord"))
    #expect(
      try Data(contentsOf: folder.file("again.tfrecord"))
        == Data(contentsOf: Golden.url("tensorflow/tfrecord/raw.tfrecord")))
  }

  @Test(.enabled(if: Golden.isPresent, "reference data absent"), arguments: ["gzip", "zlib"])
  func readsCompressedFiles(kind: String) throws {
    #expect(
      try read(Golden.url("tensorflow/tfrecord/raw_\(kind).tfrecord"))
        == read(Golden.url("tensorflow/tfrecord/raw.tfrecord")))
  }

  @Test(.enabled(if: Golden.isPresent, "reference data absent"), arguments: ["gzip", "zlib"])
  func compressedFilesThatAreDamagedAreErrors(kind: String) throws {
    let folder = try TemporaryFolder()
    let whole = try Data(contentsOf: Golden.url("tensorflow/tfrecord/raw_\(kind).tfrecord"))
    let file = folder.file("part.tfrecord")
    try whole.prefix(whole.count / 2).write(to: file)
    #expect(throws: FormatError.self) { try read(file) }
    var wrong = whole
    for index in 40..<80 { wrong[index] ^= 0x5A }
    try wrong.write(to: file)
    #expect(throws: FormatError.self) { try read(file) }
    #expect(throws: FormatError.self) { try Inflater.inflated(whole.dropLast(9)) }
  }

  private func write(_ records: [[UInt8]], to file: URL) throws {
    let writer = try TFRecordWriter(file)
    for record in records { try writer.write(record) }
    try writer.close()
  }

  @discardableResult private func read(_ file: URL) throws -> [[UInt8]] {
    var (reader, records) = (try TFRecordReader(file), [[UInt8]]())
    while let record = try reader.next() { records.append(record) }
    return records
  }
}
