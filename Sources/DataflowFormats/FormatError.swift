/// What is wrong with a file: where, what was found and what is allowed.
public struct FormatError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file's path, where it is known.
  public var file: String?
  /// Where in the file, in bytes from its beginning.
  public var offset: Int?
  /// The record, counted from 0, in files of records.
  public var record: Int?
  public var message: String

  public init(file: String? = nil, offset: Int? = nil, record: Int? = nil, _ message: String) {
    self.file = file
    self.offset = offset
    self.record = record
    self.message = message
  }

  /// `data.tfrecord: record 3 at byte 120: …`
  public var description: String {
    let place = [record.map { "record \($0)" }, offset.map { "byte \($0)" }].compactMap { $0 }
      .joined(separator: " at ")
    return [file, place.isEmpty ? nil : place, message].compactMap { $0 }.joined(separator: ": ")
  }
}
