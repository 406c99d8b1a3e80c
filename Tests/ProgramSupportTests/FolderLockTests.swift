import Foundation
import TestSupport
import Testing

@testable import ProgramSupport

@Suite struct FolderLockTests {
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

  /// An error is one where something can be done about it; a file system without locks is used without.
  @Test func onlyMissingLocksAreBorne() throws {
    let file = URL(fileURLWithPath: "/data/.lock")
    for reason in [ENOSYS, EOPNOTSUPP, ENOLCK] {
      let caveat = try #require(FolderLock.caveat(of: reason, file))
      #expect(
        caveat.hasPrefix("/data/.lock: cannot be locked: ") && caveat.contains("nothing else"))
    }
    for reason in [EWOULDBLOCK, EIO, EBADF] {
      #expect(FolderLock.caveat(of: reason, file) == nil)
    }
    let folder = try TemporaryFolder()
    #expect(try FolderLock(folder.url, work: "training").caveat == nil)
  }

  @Test func aFolderThatIsNotThereIsNamed() {
    let error = #expect(throws: WorkError.self) {
      try FolderLock(URL(fileURLWithPath: "/nowhere"), work: "training")
    }
    #expect(error?.message == "/nowhere/.lock: cannot be written: No such file or directory")
  }
}
