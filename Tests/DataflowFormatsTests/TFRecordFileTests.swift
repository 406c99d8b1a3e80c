import Foundation
import TestSupport
import Testing

@testable import DataflowFormats

@Suite(.timeLimit(.minutes(10))) struct TFRecordFileTests {
  private static let records: [[UInt8]] = [
    [], [1], Array("hello world".utf8), Array(repeating: 0xAB, count: 70_001),
    (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }, [], [9, 8, 7],
  ]

  private func write(_ records: [[UInt8]], to file: URL) throws {
    let writer = try TFRecordWriter(file)
    for record in records { try writer.write(record) }
    try writer.close()
  }

  @Test func recordsAreReadInAnyOrder() throws {
    let folder = try TemporaryFolder()
    try write(Self.records, to: folder.file("a.tfrecord"))
    let file = try TFRecordFile(folder.file("a.tfrecord"))
    #expect(file.count == Self.records.count)
    for index in [4, 0, 6, 3, 3, 1, 5, 2] {
      #expect(try file.withRecord(index) { Array($0) } == Self.records[index])
      #expect(file.byteCount(ofRecord: index) == Self.records[index].count)
    }
  }

  @Test func anEmptyFileHasNoRecords() throws {
    let folder = try TemporaryFolder()
    #expect(try TFRecordFile(folder.write([UInt8](), to: "empty.tfrecord")).count == 0)
  }

  /// More records than fit into one look at the file, on several threads.
  @Test func threadsReadSideBySide() throws {
    let folder = try TemporaryFolder()
    let records = (0..<9000).map { number in
      [UInt8](repeating: UInt8(number % 251), count: number % 40)
    }
    try write(records, to: folder.file("many.tfrecord"))
    let file = try TFRecordFile(folder.file("many.tfrecord"))
    #expect(file.count == 9000)
    let wrong = Locked(0)
    DispatchQueue.concurrentPerform(iterations: 4) { thread in
      for index in stride(from: thread, to: 9000, by: 3) {
        let found = try? file.withRecord(index) { Array($0) }
        if found != records[index] { wrong.withLock { $0 += 1 } }
      }
    }
    #expect(wrong.withLock { $0 } == 0)
  }

  /// Damage of a length is found at once, damage of a content when it is read.
  @Test func everyChangedBitIsFound() throws {
    let folder = try TemporaryFolder()
    try write([[1, 2, 3], [4, 5, 6, 7]], to: folder.file("good.tfrecord"))
    let good = [UInt8](try Data(contentsOf: folder.file("good.tfrecord")))
    for (bit, bytes) in good.withEachBitFlipped {
      let url = try folder.write(bytes, to: "bad.tfrecord")
      // Record 0 has bytes 0 to 18; its length and that one's checksum bytes 0 to 11.
      let (record, inRecord) = bit / 8 < 19 ? (0, bit / 8) : (1, bit / 8 - 19)
      let error = #expect(throws: FormatError.self) {
        let file = try TFRecordFile(url)
        for index in 0..<file.count { _ = try file.withRecord(index) { _ in } }
      }
      #expect(error?.record == record)
      #expect(error?.offset == 19 * record)
      #expect(error?.damage == (inRecord < 12 ? .lengthChecksum : .contentChecksum))
      #expect(error?.file == url.path)
      var damage: [FormatError] = []
      var lost: [Range<Int>] = []
      let rest = try TFRecordFile(url) {
        damage.append($0)
        lost.append($1)
      }
      #expect(rest.count == (inRecord < 12 ? 1 : 2))
      #expect(damage.count == (inRecord < 12 ? 1 : 0))
      #expect(lost == (inRecord < 12 ? [record == 0 ? 0..<19 : 19..<39] : []))
    }
  }

  /// Behind damaged lengths the next whole records are found, also beyond what is looked at at once.
  @Test(arguments: [[0], [3], [1, 2], [2, 4, 7], [9]]) func recordsBehindDamageAreFound(
    damaged: [Int]
  ) throws {
    let folder = try TemporaryFolder()
    let records = (0..<10).map { number in
      (0..<(number == 3 ? 200_000 : 3000 * number)).map {
        UInt8(truncatingIfNeeded: $0 &* 7 + number)
      }
    }
    let url = folder.file("a.tfrecord")
    try write(records, to: url)
    var bytes = [UInt8](try Data(contentsOf: url))
    let ends = records.reduce(into: [0]) { $0.append($0.last! + $1.count + 16) }
    for (position, record) in damaged.enumerated() { bytes[ends[record] + 3 * position] ^= 0x20 }
    try Data(bytes).write(to: url)
    var (damage, lost): ([FormatError], [Range<Int>]) = ([], [])
    let file = try TFRecordFile(url) {
      damage.append($0)
      lost.append($1)
    }
    let found = try (0..<file.count).map { try file.withRecord($0) { Array($0) } }
    if damaged == [1, 2] {
      // Two damaged lengths one behind the other are one loss.
      #expect(lost == [ends[1]..<ends[3]])
    } else {
      #expect(lost == damaged.map { ends[$0]..<ends[$0 + 1] })
    }
    let left = records.indices.filter { !damaged.contains($0) }
    #expect(found.map(\.count) == left.map { records[$0].count })
    #expect(zip(found, left).allSatisfy { $0 == records[$1] } as Bool)
    #expect(
      damage.first?.message
        == "the checksum of the record's length is wrong; bytes \(lost[0].lowerBound)..<"
        + "\(lost[0].upperBound) of \(bytes.count) are lost")
  }

  @Test func everyCutIsFound() throws {
    let folder = try TemporaryFolder()
    try write([[1, 2, 3], [4, 5, 6, 7]], to: folder.file("good.tfrecord"))
    let good = [UInt8](try Data(contentsOf: folder.file("good.tfrecord")))
    for count in 1..<good.count where count != 19 {
      let url = try folder.write(Array(good[..<count]), to: "cut.tfrecord")
      let error = #expect(throws: FormatError.self) { try TFRecordFile(url) }
      #expect(error?.damage == .truncated)
      #expect(error?.offset == (count < 19 ? 0 : 19))
    }
  }

  @Test func aFileThatShrinksIsAnError() throws {
    let folder = try TemporaryFolder()
    let url = folder.file("a.tfrecord")
    try write([[1, 2, 3], [4, 5, 6, 7]], to: url)
    let file = try TFRecordFile(url)
    #expect(truncate(url.path, 25) == 0)
    let shrunk = #expect(throws: FormatError.self) { try file.withRecord(1) { _ in } }
    #expect(shrunk?.damage == .truncated && shrunk?.record == 1)
    #expect(shrunk?.message == "the file has become shorter: it has 25 bytes")
    #expect(try file.withRecord(0) { Array($0) } == [1, 2, 3])
  }

  /// More files than may stay open: the others are opened for each record, and are missed where they are gone.
  @Test func anyNumberOfFilesCanBeRead() throws {
    let folder = try TemporaryFolder()
    let files = try (0..<80).map { number in
      let url = folder.file("\(number).tfrecord")
      try write([[UInt8(number)], [UInt8(number), 1]], to: url)
      return try TFRecordFile(url)
    }
    for (number, file) in files.enumerated() {
      #expect(try file.withRecord(1) { Array($0) } == [UInt8(number), 1])
    }
    try FileManager.default.removeItem(at: folder.url)
    var gone = 0
    for (number, file) in files.enumerated() {
      let result = Result { () throws(FormatError) in try file.withRecord(0) { Array($0) } }
      switch result {
      case .success(let bytes): #expect(bytes == [UInt8(number)])
      case .failure(let error):
        #expect(error.message == "cannot be read: No such file or directory")
        gone += 1
      }
    }
    #expect(gone >= 16)
  }
}
