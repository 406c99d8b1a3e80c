import Dataflow
import Foundation
import TestSupport
import Testing

@testable import Atomistics

@Suite struct StructureSourceTests {
  private static func structure(_ number: Int) -> DescribedStructure {
    let n = 2 + number % 3
    return DescribedStructure(
      name: "s\(number)", energy: Float(number), species: (0..<n).map { Int32($0 % 2) },
      descriptorSize: 3, descriptors: (0..<3 * n).map { Float($0 + number) },
      derivatives: DerivativeBlocks(
        rowStarts: (0...n).map { Int32($0) }, neighbours: (0..<n).map { Int32($0) },
        values: (0..<9 * n).map { Float($0 - number) }),
      forces: (0..<3 * n).map { Float($0) / 2 })
  }

  private func write(_ numbers: Range<Int>, to file: URL) throws {
    let writer = try TFRecordWriter(file)
    for number in numbers {
      try writer.write(Self.structure(number).trainExample(derivatives: .sparse).encoded())
    }
    try writer.close()
  }

  private func packed(_ folder: TemporaryFolder) throws -> [URL] {
    try write(0..<5, to: folder.file("a.tfrecord"))
    try write(5..<5, to: folder.file("b.tfrecord"))
    try write(5..<12, to: folder.file("c.tfrecord"))
    return try DescribedStructureFile.files(in: folder.url)
  }

  @Test(arguments: [1, 3]) func packedStructuresAreReadInAnyOrder(threads: Int) throws {
    let folder = try TemporaryFolder()
    let files = try packed(folder)
    for includesDerivatives in [false, true] {
      let source = try PackedStructures(
        files, includesDerivatives: includesDerivatives, executor: ComputePool(threads: threads))
      #expect(source.count == 12 && source.emptyFiles == [files[1]])
      for index in (0..<12).reversed() {
        var expected = Self.structure(index)
        if !includesDerivatives { (expected.derivatives, expected.forces) = (nil, nil) }
        #expect(try source.structure(at: index) == expected)
      }
    }
  }

  /// So the structures' order does not depend on how many files they are in.
  @Test func filesAreInTheOrderOfTheirNumbers() throws {
    let folder = try TemporaryFolder()
    for name in ["b-10", "b-9", "a-11", "b-09", "b-100"] {
      try write(0..<1, to: folder.file("\(name).tfrecord"))
    }
    #expect(
      try DescribedStructureFile.files(in: folder.url).map {
        $0.deletingPathExtension().lastPathComponent
      } == ["a-11", "b-09", "b-9", "b-10", "b-100"])
  }

  /// What reads all at once reads the same.
  @Test func theFileReaderAgrees() throws {
    let folder = try TemporaryFolder()
    let files = try packed(folder)
    let source = try PackedStructures(files, includesDerivatives: true)
    let all = try files.flatMap { try DescribedStructureFile.read($0) }
    #expect(try (0..<source.count).map { try source.structure(at: $0) } == all)
  }

  private func damage(_ file: URL, at offset: Int) throws {
    var bytes = [UInt8](try Data(contentsOf: file))
    bytes[offset] ^= 0x10
    try Data(bytes).write(to: file)
  }

  @Test func damageIsAnErrorOrLeftOut() throws {
    let folder = try TemporaryFolder()
    let files = try packed(folder)
    let record = try TFRecordFile(files[0]).byteCount(ofRecord: 0) + 16
    // Within the content of a's second record; the length of c's fifth.
    try damage(files[0], at: record + 40)
    let fifth = try TFRecordFile(files[2])
    let start = (0..<4).reduce(0) { $0 + fifth.byteCount(ofRecord: $1) + 16 }
    let end = start + fifth.byteCount(ofRecord: 4) + 16
    try damage(files[2], at: start + 2)

    let strict = #expect(throws: FormatError.self) {
      try PackedStructures(files, includesDerivatives: true)
    }
    #expect(
      strict
        == FormatError(
          file: files[2].path, offset: start, record: 4, damage: .lengthChecksum,
          "the checksum of the record's length is wrong"))

    let skipping = try PackedStructures(
      files, includesDerivatives: true, damaged: .skip(atMost: 2))
    #expect(
      try (0..<skipping.count).map { try skipping.structure(at: $0).name }
        == ["s0", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s10", "s11"])
    #expect(skipping.damage.map(\.damage) == [.contentChecksum, .lengthChecksum])
    #expect(skipping.damage.map(\.record) == [1, 4])

    let tooMany = #expect(throws: FormatError.self) {
      try PackedStructures(files, includesDerivatives: true, damaged: .skip(atMost: 1))
    }
    #expect(
      tooMany?.message == "the checksum of the record's length is wrong; bytes \(start)..<"
        + "\(end) of \(fifth.byteCount) are lost; 2 records are damaged, more than the 1 allowed")
  }

  /// Files whose records cannot be found one by one are read to their end all the same.
  @Test func damageInCompressedFilesIsLeftOut() throws {
    let folder = try TemporaryFolder()
    let plain = try packed(folder)[2]
    let record = try TFRecordFile(plain).byteCount(ofRecord: 0) + 16
    try damage(plain, at: record + 40)
    let file = folder.file("d.tfrecord")
    try Data(stored(try Data(contentsOf: plain))).write(to: file)
    let strict = #expect(throws: FormatError.self) {
      try PackedStructures([file], includesDerivatives: true)
    }
    #expect(strict?.damage == .contentChecksum && strict?.record == 1)
    let skipping = try PackedStructures(
      [file], includesDerivatives: true, damaged: .skip(atMost: 1))
    #expect(
      try (0..<skipping.count).map { try skipping.structure(at: $0).name }
        == ["s5", "s7", "s8", "s9", "s10", "s11"])
    #expect(skipping.damage == [strict] && skipping.damagedCount == 1)
    #expect(throws: FormatError.self) {
      try PackedStructures([file], includesDerivatives: true, damaged: .skip(atMost: 0))
    }
    // What is cut off ends a file.
    try Data(stored(try Data(contentsOf: plain).prefix(3 * record))).write(to: file)
    let cut = try PackedStructures([file], includesDerivatives: true, damaged: .skip(atMost: 2))
    #expect(cut.count < 3 && cut.damage.map(\.damage) == [.contentChecksum, .truncated])
  }

  /// A file in gzip's form of one block that is not compressed.
  private func stored(_ content: Data) -> [UInt8] {
    func bytes(_ number: UInt32) -> [UInt8] {
      withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }
    let length = bytes(UInt32(content.count)).prefix(2)
    var checksum: UInt32 = .max
    for byte in content {
      checksum ^= UInt32(byte)
      for _ in 0..<8 { checksum = checksum >> 1 ^ (checksum & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
    return [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 1] + length + length.map { ~$0 } + content
      + bytes(~checksum) + bytes(UInt32(content.count))
  }

  /// What stands behind a damaged length is still there; where it is not found, as much as is lost counts.
  @Test func lossesCountInFull() throws {
    let folder = try TemporaryFolder()
    let file = folder.file("a.tfrecord")
    let writer = try TFRecordWriter(file)
    for number in 0..<20 {
      try writer.write(Self.structure(3 * number).trainExample(derivatives: .blocks).encoded())
    }
    try writer.close()
    let places = try TFRecordFile(file)
    let starts = (0..<20).reduce(into: [0]) {
      $0.append($0.last! + places.byteCount(ofRecord: $1) + 16)
    }
    try damage(file, at: starts[2] + 9)
    let one = try PackedStructures(
      [file], includesDerivatives: true, damaged: .skip(atMost: 1))
    #expect(one.count == 19 && one.damage.count == 1 && one.damagedCount == 1)
    for record in 3..<19 { try damage(file, at: starts[record] + 9) }
    let error = #expect(throws: FormatError.self) {
      try PackedStructures([file], includesDerivatives: true, damaged: .skip(atMost: 10))
    }
    #expect(error?.offset == starts[2])
    let most = try PackedStructures(
      [file], includesDerivatives: true, damaged: .skip(atMost: 20))
    #expect(most.count == 3 && most.damage.count == 1 && (15...19).contains(most.damagedCount))
  }

  @Test func damagedContentsAreFoundWhenTheyAreRead() throws {
    let folder = try TemporaryFolder()
    let files = try packed(folder)
    try damage(files[0], at: 40)
    let source = try PackedStructures(files, includesDerivatives: true)
    let error = #expect(throws: FormatError.self) { try source.structure(at: 0) }
    #expect(error?.damage == .contentChecksum && error?.file == files[0].path)
    #expect(try source.structure(at: 1) == Self.structure(1))
  }

  @Test func theCacheKeepsWhatFits() throws {
    let reads = Locked([Int]())
    let files = (0..<6).map { URL(fileURLWithPath: "/\($0)") }
    let source = StructuresInFiles(files) { file in
      let number = Int(file.lastPathComponent)!
      reads.withLock { $0.append(number) }
      return Self.structure(3 * number)
    }
    let cache = StructureCache(source, byteCount: 2 * Self.structure(0).byteCount)
    for _ in 0..<3 {
      for index in [4, 1, 0] {
        #expect(try cache.structure(at: index) == Self.structure(3 * index))
      }
    }
    #expect(reads.withLock { $0 } == [4, 1, 0, 0, 0])
    #expect(cache.keptCount == 2 && cache.count == 6)
  }
}
