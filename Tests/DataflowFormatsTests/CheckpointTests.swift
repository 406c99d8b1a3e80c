import Foundation
import Tensors
import TestSupport
import Testing

@testable import DataflowFormats

@Suite(.timeLimit(.minutes(10))) struct CheckpointTests {
  private static let checkpoint = Checkpoint(
    tensors: [
      "weights": Tensor(shape: [2, 3], scalars: [1, 2, 3, 4, 5, 6.5] as [Float]),
      "step": Tensor(12 as Int64), "none": Tensor(shape: [0, 4], scalars: [Double]()),
      "flags": Tensor([true, false]), "bytes": Tensor([1, 255] as [UInt8]),
      "species": Tensor([0, -1] as [Int32]),
    ],
    texts: ["state": #"{"seed": 7, "Ångström": "é"}"#, "": ""])

  @Test func returns() throws {
    let folder = try TemporaryFolder()
    try Self.checkpoint.write(to: folder.file("a.panna"))
    #expect(try Checkpoint(folder.file("a.panna")) == Self.checkpoint)
    #expect(try Checkpoint(encoded: Checkpoint().encoded()) == Checkpoint())
  }

  @Test func equalContentHasEqualBytes() {
    var again = Checkpoint(texts: Self.checkpoint.texts)
    for (name, tensor) in Self.checkpoint.tensors { again.tensors[name] = tensor }
    #expect(again.encoded() == Self.checkpoint.encoded())
  }

  /// The layout, so that a file of this version can always be read.
  @Test func theBytesAreThoseOfVersion1() throws {
    let bytes = Checkpoint(tensors: ["w": Tensor([1] as [Float])], texts: ["t": "x"]).encoded()
    let tensor = [UInt8](
      hex: "0100000000000000 77 01 01000000 0100000000000000 0400000000000000 0000803f")
    let text = [UInt8](hex: "0100000000000000 74 00 0100000000000000 78")
    var expected = Array("PANNACKP".utf8) + [1, 0, 0, 0, 2, 0, 0, 0]
    expected += [34, 0, 0, 0, 0, 0, 0, 0] + tensor + little(CRC32C.checksum(tensor))
    expected += [19, 0, 0, 0, 0, 0, 0, 0] + text + little(CRC32C.checksum(text))
    #expect(bytes == expected + little(CRC32C.checksum(expected)))
  }

  @Test func everyChangedBitIsFound() {
    for (bit, bytes) in Self.checkpoint.encoded().withEachBitFlipped {
      #expect(throws: FormatError.self, "bit \(bit)") { try Checkpoint(encoded: bytes) }
    }
  }

  @Test func everyCutIsFound() {
    let bytes = Self.checkpoint.encoded()
    for count in 0..<bytes.count {
      #expect(throws: FormatError.self) { try Checkpoint(encoded: Array(bytes[..<count])) }
    }
    #expect(throws: FormatError.self) { try Checkpoint(encoded: bytes + [0]) }
  }

  @Test func namesTheDamagedEntry() throws {
    var bytes = Checkpoint(tensors: ["w": Tensor([1] as [Float])], texts: ["t": "x"]).encoded()
    bytes[16 + 8 + 34 + 4 + 8 + 3] ^= 1
    #expect(throws: FormatError(offset: 62, "entry 1 is damaged: its checksum is wrong")) {
      try Checkpoint(encoded: bytes)
    }
  }

  @Test func saysThatAFileIsSomethingElse() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("something else", to: "a.panna")
    let error = #expect(throws: FormatError.self) { try Checkpoint(file) }
    #expect(
      error?.description == "\(file.path): is no checkpoint: it does not begin with PANNACKP")
    #expect(throws: FormatError(file: folder.file("b").path, "cannot be read")) {
      try Checkpoint(folder.file("b"))
    }
  }

  private func little(_ value: UInt32) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }
}

@Suite struct CheckpointFolderTests {
  private func checkpoint(_ step: Int) -> Checkpoint { Checkpoint(texts: ["step": "\(step)"]) }

  @Test func keepsTheLastOnes() throws {
    let parent = try TemporaryFolder()
    let folder = CheckpointFolder(parent.file("train"))
    #expect(folder.steps == [])
    #expect(folder.newest()?.step == nil)
    for step in [5, 10, 9, 100] { try folder.write(checkpoint(step), step: step, keeping: 2) }
    #expect(folder.steps == [10, 100])
    #expect(folder.newest()?.step == 100)
    #expect(folder.newest()?.checkpoint == checkpoint(100))
  }

  @Test func theOneJustWrittenIsKeptWhateverItsStep() throws {
    let parent = try TemporaryFolder()
    let folder = CheckpointFolder(parent.url)
    for step in [30, 20, 10] { try folder.write(checkpoint(step), step: step, keeping: 1) }
    #expect(folder.steps == [10, 30])
  }

  @Test func otherFilesAreLeftAlone() throws {
    let parent = try TemporaryFolder()
    let others = ["checkpoint-.panna", "checkpoint-x.panna", "checkpoint-1.txt", "notes"]
    for name in others { _ = try parent.write("kept", to: name) }
    let folder = CheckpointFolder(parent.url)
    for step in 1...3 { try folder.write(checkpoint(step), step: step, keeping: 1) }
    #expect(try parent.names == (others + ["checkpoint-3.panna"]).sorted())
  }

  @Test func aDamagedOneIsSkippedAndTold() throws {
    let parent = try TemporaryFolder()
    let folder = CheckpointFolder(parent.url)
    for step in 1...3 { try folder.write(checkpoint(step), step: step, keeping: 10) }
    let bytes = checkpoint(3).encoded()
    _ = try parent.write(Array(bytes.dropLast()), to: "checkpoint-3.panna")
    _ = try parent.write([], to: "checkpoint-2.panna")
    var told: [String?] = []
    let newest = folder.newest { told.append($0.file) }
    #expect(newest?.step == 1)
    #expect(told == [folder.file(step: 3).path, folder.file(step: 2).path])
  }
}
