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

  private static func write(
    _ bytes: UnsafeRawBufferPointer, to file: URL, _ isForced: Bool
  ) throws {
    let temporary = temporaryURL(for: file)
    let handle = try create(temporary, for: file)
    do {
      try writeAll(bytes, to: handle, file)
    } catch {
      close(handle)
      unlink(temporary.path)
      throw error
    }
    try finish(handle, temporary, file, isForced: isForced)
  }

  /// A name in the same folder that no other writer has.
  package static func temporaryURL(for file: URL) -> URL {
    let name = ".\(file.lastPathComponent).\(getpid()).\(UInt32.random(in: 0 ... .max))"
    return file.deletingLastPathComponent().appendingPathComponent(name)
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
    var isDone = !isForced || fsync(handle) == 0
    isDone = close(handle) == 0 && isDone
    guard isDone, rename(temporary.path, file.path) == 0 else {
      let error = failure("cannot be written", file)
      unlink(temporary.path)
      throw error
    }
    guard isForced else { return }
    // The new name itself is on disk only when the folder is.
    let folder = open(file.deletingLastPathComponent().path, O_RDONLY | O_CLOEXEC)
    if folder >= 0 {
      fsync(folder)
      close(folder)
    }
  }

  /// An error with the system's reason.
  package static func failure(_ what: String, _ file: URL) -> FormatError {
    FormatError(file: file.path, "\(what): \(String(cString: strerror(errno)))")
  }
}
