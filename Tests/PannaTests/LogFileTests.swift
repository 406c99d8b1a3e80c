import Foundation
import TestSupport
import Testing

@testable import ProgramSupport
@testable import panna

/// What a training that goes on does with the lines of its logs.
@Suite struct LogFileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func text(_ name: String) throws -> String {
    String(decoding: try Data(contentsOf: folder.file(name)), as: UTF8.self)
  }

  @Test func whatFollowsACheckpointIsCutOff() throws {
    let file = try folder.write("1\n2\n3\n0.", to: "delta_e.dat")
    let log = try StepLog(file, mark: "2 2", keptLines: 7)
    try log.write([0.5])
    #expect(try text("delta_e.dat") == "1\n2\n0.50000000\n")
    #expect(log.mark == "3 0.50000000")
    #expect(try folder.names == ["delta_e.dat"])
    // Without a mark as many lines as there should be, as far as they are there.
    #expect(try StepLog(file, keptLines: 2).mark == "2 2")
    #expect(try text("delta_e.dat") == "1\n2\n")
    #expect(try StepLog(file, keptLines: 3).mark == "2 ")
    #expect(try StepLog(folder.file("new.dat"), mark: "5 0.1", keptLines: 5).mark == "0 ")
    #expect(try text("new.dat") == "")
  }

  @Test(arguments: ["3 3.5", "4 3"])
  func aLogThatIsAnothersIsLeftAsItIs(mark: String) throws {
    let file = try folder.write("1\n2\n3\n", to: "delta_e.dat")
    let error = #expect(throws: WorkError.self) { try StepLog(file, mark: mark, keptLines: 3) }
    #expect(
      error?.message.hasPrefix("\(file.path): is another training's: line \(mark.first!) ") == true)
    #expect(try text("delta_e.dat") == "1\n2\n3\n")
  }

  /// A damaged byte is no reason to lose the lines around it, and lines may be longer than what is read at once.
  @Test func allBytesOfALogAreKept() throws {
    var bytes = Array("1 0.5\n2 0.".utf8) + [0xFF] + Array("\n3 ".utf8)
    bytes += Array(repeating: UInt8(ascii: "7"), count: 3 << 20) + Array("\n4 1\n".utf8)
    let kept = bytes.dropLast(4)
    let file = try folder.write(bytes, to: "delta_e.dat")
    let log = try StepLog(file, keptLines: 3)
    #expect(log.mark.count == 2 + 2 + 3 << 20)
    #expect(try Data(contentsOf: file).elementsEqual(kept))
    _ = try folder.write(bytes, to: "validation.dat")
    _ = try LogFile(folder.file("validation.dat"), throughStep: 3)
    #expect(try Data(contentsOf: folder.file("validation.dat")).elementsEqual(kept))
  }

  /// Numbers of other quantities do not stand below a header that is not theirs.
  @Test func aLogOfOtherColumnsIsKeptAside() throws {
    let file = try folder.write("#step MAE/at\n1 0.5\n2 0.25\n", to: "metrics.dat")
    for _ in 0..<2 { _ = try LogFile(file, header: "#step MAE/at", throughStep: 1) }
    #expect(try text("metrics.dat") == "#step MAE/at\n1 0.5\n")
    _ = try LogFile(file, header: "#step RMSE/at", throughStep: 1)
    #expect(try text("metrics.dat") == "#step RMSE/at\n")
    #expect(try text("metrics.dat.1") == "#step MAE/at\n1 0.5\n")
    _ = try LogFile(file, header: "#step loss", throughStep: 1)
    #expect(try text("metrics.dat.1-2") == "#step RMSE/at\n")
    #expect(try text("metrics.dat.1") == "#step MAE/at\n1 0.5\n")
    // A training that begins has nothing before it.
    _ = try LogFile(file, header: "#step MAE/at", throughStep: 0)
    #expect(try text("metrics.dat") == "#step MAE/at\n")
    #expect(try folder.names.count == 3)
  }

  /// Without a header their number tells them from others.
  @Test func aLogOfMoreColumnsIsKeptAside() throws {
    let file = try folder.write("1 0.5\n2 0.25\n", to: "validation.dat")
    for _ in 0..<2 { _ = try LogFile(file, columns: 2, throughStep: 1) }
    #expect(try text("validation.dat") == "1 0.5\n")
    for _ in 0..<2 { _ = try LogFile(file, columns: 3, throughStep: 1) }
    #expect(try text("validation.dat") == "")
    #expect(try text("validation.dat.1") == "1 0.5\n")
    #expect(try folder.names.count == 2)
  }

  /// In one line, with the system's reason.
  @Test func whatCannotBeReadOrWrittenIsNamed() throws {
    func message(_ body: () throws -> Void) -> String {
      do { try body() } catch { return "\(error)" }
      return ""
    }
    let path = folder.url.path
    #expect(
      message { _ = try LogFile(folder.url, throughStep: 1) }
        == "\(path): cannot be read: Is a directory")
    #expect(
      message { _ = try StepLog(folder.url, keptLines: 1) }
        == "\(path): cannot be read: Is a directory")
    #expect(
      message { _ = try LogFile(folder.url, keeping: 0) }
        == "\(path): cannot be opened: Is a directory")
  }
}
