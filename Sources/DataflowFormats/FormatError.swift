/// What is wrong with a file: where, what was found and what is allowed.
public struct FormatError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The ways in which a file of records can be damaged.
  public enum Damage: Sendable, Equatable {
    /// The file ends within a record, as that of a program that still writes or was killed.
    case truncated
    /// A record's length does not fit its checksum: it does not say where the next one begins.
    case lengthChecksum
    /// A record's content does not fit its checksum.
    case contentChecksum
  }

  /// The file's path, where it is known.
  public var file: String?
  /// Where in the file, in bytes from its beginning.
  public var offset: Int?
  /// The record, counted from 0, in files of records.
  public var record: Int?
  /// How a file of records is damaged; nil for errors of another kind.
  public var damage: Damage?
  /// What was found and what is allowed.
  public var message: String

  /// An error at a place in a file, as far as that is known.
  public init(
    file: String? = nil, offset: Int? = nil, record: Int? = nil, damage: Damage? = nil,
    _ message: String
  ) {
    self.file = file
    self.offset = offset
    self.record = record
    self.damage = damage
    self.message = message
  }

  /// `data.tfrecord: record 3 at byte 120: …`
  public var description: String {
    let place = [record.map { "record \($0)" }, offset.map { "byte \($0)" }].compactMap { $0 }
      .joined(separator: " at ")
    return [file, place.isEmpty ? nil : place, message].compactMap { $0 }.joined(separator: ": ")
  }
}
