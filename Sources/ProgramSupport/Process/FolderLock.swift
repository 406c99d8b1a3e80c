import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// Keeps other processes out of a folder while this one works in it.
///
/// The lock is the operating system's on a file in the folder that names its holder; it ends with the process,
/// however that ends, so what is left of a dead process is no hindrance.
public final class FolderLock {
  private let file: URL
  private var handle: Int32
  /// What is to be known where the file system has no locks; nil where the folder is locked.
  public private(set) var caveat: String?

  /// - Parameters:
  ///   - name: of the file.
  ///   - work: what is done in the folder, for the error of who comes second.
  /// - Throws: `WorkError` that names the holder, or says why the file cannot be written.
  public init(_ folder: URL, name: String = ".lock", work: String) throws {
    file = folder.appendingPathComponent(name)
    handle = -1
    // A file that its last holder removed before it was locked here is locked in vain.
    repeat { try take(work) } while !isInPlace
    let host = ProcessInfo.processInfo.hostName
    write("\(work), process \(getpid()) on \(host), since \(Date.now)\n")
  }

  deinit {
    guard handle >= 0 else { return }
    unlink(file.path)
    close(handle)
  }

  private func take(_ work: String) throws {
    if handle >= 0 { close(handle) }
    handle = open(file.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard handle >= 0 else { throw failure("cannot be written") }
    if flock(handle, LOCK_EX | LOCK_NB) == 0 { return }
    let reason = errno
    if let caveat = Self.caveat(of: reason, file) {
      self.caveat = caveat
      return
    }
    defer {
      close(handle)
      handle = -1
    }
    guard reason == EWOULDBLOCK else { throw failure("cannot be locked") }
    let holder = (try? String(contentsOf: file, encoding: .utf8))?
      .trimmingCharacters(in: .whitespacesAndNewlines)
    throw WorkError(
      "\(file.deletingLastPathComponent().path): is in use by another program: "
        + (holder.flatMap { $0.isEmpty ? nil : $0 } ?? "unknown"))
  }

  /// File systems without locks, as Lustre and NFS may be mounted, are no reason not to work in them.
  static func caveat(of reason: Int32, _ file: URL) -> String? {
    guard [ENOSYS, EOPNOTSUPP, ENOLCK].contains(reason) else { return nil }
    return
      "\(file.path): cannot be locked: \(String(cString: strerror(reason))); see to it that nothing else writes to"
      + " the folder"
  }

  private var isInPlace: Bool {
    var (held, named) = (stat(), stat())
    return fstat(handle, &held) == 0 && stat(file.path, &named) == 0
      && held.st_ino == named.st_ino && held.st_dev == named.st_dev
  }

  private func write(_ text: String) {
    ftruncate(handle, 0)
    _ = text.withCString { pwrite(handle, $0, strlen($0), 0) }
  }

  private func failure(_ what: String) -> WorkError {
    WorkError("\(file.path): \(what): \(String(cString: strerror(errno)))")
  }
}
