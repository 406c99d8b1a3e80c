import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// Makes folders and lists what is in them, with the system's reasons where that fails.
public enum Folder {
  /// Makes a folder, and those on the way to it, where they are not there.
  ///
  /// - Throws: `FormatError` with the folder that cannot be made.
  public static func make(_ folder: URL) throws(FormatError) {
    var isMade = mkdir(folder.path, 0o777) == 0
    if !isMade && errno == ENOENT && folder.pathComponents.count > 1 {
      try make(folder.deletingLastPathComponent())
      isMade = mkdir(folder.path, 0o777) == 0
    }
    if isMade { return }
    guard errno == EEXIST else { throw AtomicFile.failure("cannot be made", folder) }
    var status = stat()
    guard stat(folder.path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      throw FormatError(file: folder.path, "is a file, not a folder")
    }
  }

  /// The names of what is in a folder, in their order.
  ///
  /// - Throws: `FormatError` where it cannot be read.
  public static func names(in folder: URL) throws(FormatError) -> [String] {
    guard let stream = opendir(folder.path) else {
      throw AtomicFile.failure("cannot be read", folder)
    }
    closedir(stream)
    let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
    guard let names else { throw FormatError(file: folder.path, "cannot be read") }
    return names.sorted()
  }

  /// The files of a folder with some ending, hidden ones left out, in the order of their names, in which numbers count as
  /// such: part-2 comes before part-10.
  ///
  /// - Throws: `FormatError` where the folder cannot be read or has no such file.
  public static func files(in folder: URL, ending: String) throws(FormatError) -> [URL] {
    let names = try names(in: folder)
    let files = names.filter { $0.hasSuffix(ending) && !$0.hasPrefix(".") }
    guard !files.isEmpty else {
      throw FormatError(
        file: folder.path, "there is no *\(ending) file among its \(names.count) files")
    }
    // Names that say the same, as 1 and 01, keep their order.
    return files.map { (key: orderingKey($0), name: $0) }.sorted {
      $0.key.lexicographicallyPrecedes($1.key)
    }
    .map { folder.appendingPathComponent($0.name) }
  }

  /// The name with all its numbers filled up to one length, so that they are in order as texts.
  private static func orderingKey(_ name: String) -> [UInt8] {
    let zero = UInt8(ascii: "0")
    var key: [UInt8] = []
    var rest = Array(name.utf8)[...]
    while let byte = rest.first {
      let digits = rest.prefix { (zero...zero + 9).contains($0) }
      if digits.isEmpty {
        key.append(byte)
        rest.removeFirst()
        continue
      }
      let number = digits.drop { $0 == zero }
      key += repeatElement(zero, count: max(0, 20 - number.count)) + number
      rest = rest[digits.endIndex...]
    }
    return key
  }
}
