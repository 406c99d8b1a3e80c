/// What is wrong with a file or a value that came from one: where, what was found, what is allowed.
public struct AtomisticsError: Error, Equatable, CustomStringConvertible {
  /// The file's path, or nil where the value did not come from a file.
  public var file: String?
  /// The line in the file, counted from 1, where the format has lines.
  public var line: Int?
  /// The key, column or field that is wrong.
  public var key: String?
  /// What was found there.
  public var found: String
  /// What would have been accepted.
  public var allowed: String

  /// An error about `key`, at a place in a file when that is known.
  public init(
    file: String? = nil, line: Int? = nil, key: String? = nil, found: String, allowed: String
  ) {
    self.file = file
    self.line = line
    self.key = key
    self.found = found
    self.allowed = allowed
  }

  /// `file:line: key: found …; allowed: …`
  public var description: String {
    var place = file ?? ""
    if let line { place += (place.isEmpty ? "line " : ":") + String(line) }
    let parts = [place, key ?? ""].filter { !$0.isEmpty }
    return (parts + ["found \(found); allowed: \(allowed)"]).joined(separator: ": ")
  }

  /// The same error with the file's path filled in.
  package func inFile(_ path: String) -> AtomisticsError {
    var copy = self
    copy.file = copy.file ?? path
    return copy
  }
}
