import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// Writes files that appear whole or not at all.
public enum AtomicFile {
  /// Writes beside the file, forces the bytes to disk and moves the new file into place.
  ///
  /// - Parameter isForced: false for one of many small files that can be made again: it is whole or not
  ///   there for every program, but may be lost where the machine itself stops.
  /// - Throws: `FormatError` that names the file; what was there before is then still there.
  public static func write(
    _ bytes: some ContiguousBytes, to file: URL, isForced: Bool = true
  ) throws {
    try bytes.withUnsafeBytes { try write($0, to: file, isForced) }
  }

  /// Writes files that count only together with an index that names them: whoever finds the index finds the
  /// files that were written with it.
  ///
  /// Everything is on disk before the earlier index is removed and the files get their names; the index gets its own
  /// last.
  ///
  /// - Throws: `FormatError` that names the file; nothing has changed unless a name could not be given.
  package static func write(
    _ files: [(file: URL, bytes: Data)], index: (file: URL, bytes: Data)
  ) throws {
    var waiting: [(temporary: URL, file: URL)] = []
    defer { for (temporary, _) in waiting { unlink(temporary.path) } }
    for (file, bytes) in files + [index] {
      let (handle, temporary) = try bytes.withUnsafeBytes { try writeTemporary($0, for: file) }
      waiting.append((temporary, file))
      try complete(handle, temporary, file, isForced: true)
    }
    guard unlink(index.file.path) == 0 || errno == ENOENT else {
      throw failure("cannot be replaced", index.file)
    }
    force(folderOf: index.file)
    while let (temporary, file) = waiting.first {
      try name(temporary, file)
      waiting.removeFirst()
    }
    force(folderOf: index.file)
  }

  private static func write(
    _ bytes: UnsafeRawBufferPointer, to file: URL, _ isForced: Bool
  ) throws(FormatError) {
    let (handle, temporary) = try writeTemporary(bytes, for: file)
    try finish(handle, temporary, file, isForced: isForced)
  }

  /// A new file beside `file` with these bytes, open.
  private static func writeTemporary(
    _ bytes: UnsafeRawBufferPointer, for file: URL
  ) throws(FormatError) -> (handle: Int32, url: URL) {
    let temporary = temporaryURL(for: file)
    let handle = try create(temporary, for: file)
    do {
      try writeAll(bytes, to: handle, file)
    } catch {
      close(handle)
      unlink(temporary.path)
      throw error
    }
    return (handle, temporary)
  }

  /// Checks, before work is put into it, that a file can be written as far as its folder goes.
  ///
  /// - Throws: `FormatError` with the file.
  public static func checkCanBeWritten(_ file: URL) throws(FormatError) {
    guard access(file.deletingLastPathComponent().path, W_OK) == 0 else {
      throw failure("cannot be created", file)
    }
    var status = stat()
    if stat(file.path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
      throw FormatError(file: file.path, "is a folder, not a file")
    }
  }

  /// A name in the same folder that no other writer has.
  package static func temporaryURL(for file: URL) -> URL {
    let name = ".\(file.lastPathComponent).\(getpid()).\(UInt32.random(in: 0 ... .max))"
    return file.deletingLastPathComponent().appendingPathComponent(name)
  }

  /// Removes what processes left in a folder that were ended while they wrote files of some names. This one may not
  /// write them meanwhile; what others that are still there write is left alone.
  package static func removeRemains(in folder: URL, of isMeant: (_ name: String) -> Bool) {
    let all = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    for name in all where name.hasPrefix(".") {
      // The name is between the dot and the process and its random number.
      let parts = name.dropFirst().split(separator: ".", omittingEmptySubsequences: false)
      guard parts.count > 2, UInt32(parts.last!) != nil,
        let process = pid_t(parts[parts.count - 2]),
        process > 0, isMeant(parts.dropLast(2).joined(separator: "."))
      else { continue }
      let isThere = process != getpid() && (kill(process, 0) == 0 || errno == EPERM)
      if isThere { continue }
      try? FileManager.default.removeItem(at: folder.appendingPathComponent(name))
    }
  }

  /// Opens an empty file for writing; an error names `file`, which the user knows.
  package static func create(_ target: URL, for file: URL) throws(FormatError) -> Int32 {
    let handle = open(target.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard handle >= 0 else { throw failure("cannot be created", file) }
    return handle
  }

  package static func writeAll(
    _ bytes: UnsafeRawBufferPointer, to handle: Int32, _ file: URL
  ) throws(FormatError) {
    var rest = bytes
    while !rest.isEmpty {
      #if canImport(Darwin)
        let count = Darwin.write(handle, rest.baseAddress, rest.count)
      #else
        let count = Glibc.write(handle, rest.baseAddress, rest.count)
      #endif
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw failure("cannot be written", file) }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }

  /// Forces a complete temporary file to disk, unless told not to, closes it and gives it its name.
  ///
  /// - Throws: `FormatError`; the temporary file is closed and removed then.
  package static func finish(
    _ handle: Int32, _ temporary: URL, _ file: URL, isForced: Bool = true
  ) throws(FormatError) {
    try complete(handle, temporary, file, isForced: isForced)
    try name(temporary, file)
    // The new name itself is on disk only when the folder is.
    if isForced { force(folderOf: file) }
  }

  private static func complete(
    _ handle: Int32, _ temporary: URL, _ file: URL, isForced: Bool
  ) throws(FormatError) {
    var isDone = !isForced || fsync(handle) == 0
    isDone = close(handle) == 0 && isDone
    guard isDone else { throw discarding(temporary, file) }
  }

  private static func name(_ temporary: URL, _ file: URL) throws(FormatError) {
    guard rename(temporary.path, file.path) == 0 else { throw discarding(temporary, file) }
  }

  /// The last error, of a temporary file that is removed for it.
  private static func discarding(_ temporary: URL, _ file: URL) -> FormatError {
    let error = failure("cannot be written", file)
    unlink(temporary.path)
    return error
  }

  private static func force(folderOf file: URL) {
    let folder = open(file.deletingLastPathComponent().path, O_RDONLY | O_CLOEXEC)
    guard folder >= 0 else { return }
    fsync(folder)
    close(folder)
  }

  /// An error with the system's reason.
  package static func failure(_ what: String, _ file: URL) -> FormatError {
    FormatError(file: file.path, "\(what): \(String(cString: strerror(errno)))")
  }
}
