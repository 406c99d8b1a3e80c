import Foundation
import TestSupport
import Testing

@testable import ProgramSupport

@Suite(.serialized) struct ProcessTests {
  @Test(arguments: [(SIGTERM, "SIGTERM"), (SIGUSR1, "SIGUSR1"), (SIGINT, "SIGINT")])
  func signalsAreNoted(number: Int32, name: String) {
    do {
      let signals = StopSignals()
      #expect(signals.received == nil)
      raise(number)
      #expect(signals.received == name)
    }
    #expect(StopSignals().received == nil)
  }

  @Test func theSecondInterruptIsNotCaught() {
    let signals = StopSignals()
    raise(SIGTERM)
    var action = sigaction()
    sigaction(SIGINT, nil, &action)
    #expect(action.__sigaction_handler.sa_handler == nil)
    #expect(signals.received == "SIGTERM")
  }

  @Test func signalsMeanWhatTheyMeantBefore() {
    var before = sigaction()
    sigaction(SIGTERM, nil, &before)
    do {
      let (one, other) = (StopSignals(), StopSignals())
      withExtendedLifetime((one, other)) {}
    }
    var after = sigaction()
    sigaction(SIGTERM, nil, &after)
    #expect(before.__sigaction_handler.sa_handler == nil)
    #expect(after.__sigaction_handler.sa_handler == nil)
  }

  @Test func aFolderIsLockedOnce() throws {
    let folder = try TemporaryFolder()
    do {
      let lock = try FolderLock(folder.url, work: "the first")
      let error = #expect(throws: WorkError.self) { try FolderLock(folder.url, work: "second") }
      let message = try #require(error?.message)
      #expect(
        message.hasPrefix(
          "\(folder.url.path): is in use by another program: the first, process \(getpid()) on "))
      withExtendedLifetime(lock) {}
    }
    #expect(try folder.names == [])
    _ = try FolderLock(folder.url, work: "third")
  }

  /// The file of a process that is gone is no lock.
  @Test func whatADeadProcessLeftIsNoHindrance() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write("panna train, process 1 on elsewhere, since long ago\n", to: ".lock")
    _ = try FolderLock(folder.url, work: "training")
    #expect(try folder.names == [])
  }

  @Test func aFolderThatIsNotThereIsNamed() {
    let error = #expect(throws: WorkError.self) {
      try FolderLock(URL(fileURLWithPath: "/nowhere"), work: "training")
    }
    #expect(error?.message == "/nowhere/.lock: cannot be written: No such file or directory")
  }
}
