import Dispatch
import Foundation
import TestSupport
import Testing

@testable import DataflowFormats

@Suite struct AtomicFileTests {
  @Test func newAndOldFilesHoldWhatWasWritten() throws {
    let folder = try TemporaryFolder()
    let file = folder.file("numbers")
    for content in ["first", "", "a longer text than before"] {
      try AtomicFile.write(Data(content.utf8), to: file)
      #expect(try String(contentsOf: file, encoding: .utf8) == content)
    }
    #expect(try folder.names == ["numbers"])
  }

  @Test func aFailureLeavesEverythingAsItWas() throws {
    let folder = try TemporaryFolder()
    let occupied = folder.file("folder")
    try FileManager.default.createDirectory(at: occupied, withIntermediateDirectories: true)
    let error = #expect(throws: FormatError.self) {
      try AtomicFile.write(Data([1]), to: occupied)
    }
    #expect(error?.description == "\(occupied.path): cannot be written: Is a directory")
    #expect(try folder.names == ["folder"])
  }

  /// Whoever finds the index finds the files that were written with it.
  @Test func anIndexGoesWithItsFiles() throws {
    let folder = try TemporaryFolder()
    func write(_ text: String) throws {
      try AtomicFile.write(
        ["a", "b"].map { (folder.file($0), Data(text.utf8)) },
        index: (folder.file("index"), Data(text.utf8)))
    }
    for text in ["first", "second"] {
      try write(text)
      for name in ["a", "b", "index"] {
        #expect(try String(contentsOf: folder.file(name), encoding: .utf8) == text)
      }
    }
    #expect(try folder.names.sorted() == ["a", "b", "index"])
    // A file that cannot be written changes nothing.
    let error = #expect(throws: FormatError.self) {
      try AtomicFile.write(
        [(folder.file("a"), Data([1])), (folder.file("missing/b"), Data([1]))],
        index: (folder.file("index"), Data([1])))
    }
    #expect(error?.file == folder.file("missing/b").path)
    for name in ["a", "index"] {
      #expect(try String(contentsOf: folder.file(name), encoding: .utf8) == "second")
    }
    // One that cannot get its name leaves no index for a half of the files.
    try FileManager.default.removeItem(at: folder.file("b"))
    try FileManager.default.createDirectory(
      at: folder.file("b/c"), withIntermediateDirectories: true)
    #expect(throws: FormatError.self) { try write("third") }
    #expect(try folder.names.sorted() == ["a", "b"])
  }

  @Test func aMissingFolderIsNamedWithTheFile() throws {
    let file = try TemporaryFolder().file("missing/numbers")
    let error = #expect(throws: FormatError.self) { try AtomicFile.write(Data([1]), to: file) }
    #expect(error?.description == "\(file.path): cannot be created: No such file or directory")
  }

  @Test(.timeLimit(.minutes(10))) func readersSeeOneWholeFileOrAnother() throws {
    let folder = try TemporaryFolder()
    let file = folder.file("shared")
    let contents = (0..<4).map { Data(repeating: UInt8($0), count: 200_000 + 10_000 * $0) }
    try AtomicFile.write(contents[0], to: file)
    let torn = Locked(0)
    DispatchQueue.concurrentPerform(iterations: 5) { worker in
      for _ in 0..<20 {
        if worker < 4 {
          try? AtomicFile.write(contents[worker], to: file)
        } else if let found = try? Data(contentsOf: file), !contents.contains(found) {
          torn.withLock { $0 += 1 }
        }
      }
    }
    #expect(torn.withLock { $0 } == 0)
    #expect(contents.contains(try Data(contentsOf: file)))
    #expect(try folder.names == ["shared"])
  }
}

@Suite struct PackedStructureTests {
  @Test(
    .enabled(if: Golden.isPresent, "reference data absent"),
    arguments: ["tfr_dense", "tfr_sparse"])
  func theOriginalsRecordsReturn(folder: String) throws {
    var count = 0
    for file in ["train-1-2.tfrecord", "train-2-2.tfrecord"] {
      var reader = try TFRecordReader(Golden.url("panna/golden/\(folder)/\(file)"))
      while let record = try reader.next() {
        let example = try TrainExample(encoded: record)
        #expect(try TrainExample(encoded: example.encoded()) == example)
        guard case .integers(let species)? = example.features["species"],
          case .floats(let descriptors)? = example.features["gvects"]
        else {
          Issue.record("\(example.features.keys.sorted())")
          continue
        }
        #expect(!species.isEmpty && descriptors.count.isMultiple(of: species.count))
        count += 1
      }
    }
    #expect(count > 2)
  }
}
