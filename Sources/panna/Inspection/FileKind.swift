import Dataflow
import Foundation

/// What a file is, as its name and its first bytes say.
enum FileKind: String, CaseIterable {
  case numPy = "NumPy array"
  case descriptors = "descriptors"
  case records = "TFRecord"
  case events = "event file"
  case tensorFlowCheckpoint = "TensorFlow checkpoint"
  case checkpoint = "checkpoint of a training"
  case weights = "weights folder"

  /// - Throws: `FormatError` where there is no file, or none of these.
  init(_ file: URL) throws {
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: file.path, isDirectory: &isFolder)
    if exists && isFolder.boolValue {
      self = .weights
    } else if Self.checkpointPrefix(file) != nil {
      self = .tensorFlowCheckpoint
    } else if !exists {
      throw FormatError(file: file.path, "is not there")
    } else {
      self = try Self.ofContent(file)
    }
  }

  private static func ofContent(_ file: URL) throws -> FileKind {
    let start = try beginning(of: file)
    if start.starts(with: [0x93] + Array("NUMPY".utf8)) { return .numPy }
    if start.starts(with: "PANNACKP".utf8) { return .checkpoint }
    let name = file.lastPathComponent
    if name.contains("tfevents") { return .events }
    switch file.pathExtension {
    case "npy": return .numPy
    case "panna": return .checkpoint
    case "bin": return .descriptors
    case "tfrecord", "tfrecords", "record": return .records
    default:
      if isRecord(start) { return .records }
      let kinds = allCases.map(\.rawValue).joined(separator: ", ")
      throw FormatError(file: file.path, "is of no kind that is known; known are: \(kinds)")
    }
  }

  private static func beginning(of file: URL) throws -> [UInt8] {
    do {
      let handle = try FileHandle(forReadingFrom: file)
      defer { try? handle.close() }
      return [UInt8](try handle.read(upToCount: 16) ?? Data())
    } catch { throw FormatError(file: file.path, "cannot be read: \(SystemReason.of(error))") }
  }

  /// Whether the bytes begin a TFRecord file: a length and its checksum.
  private static func isRecord(_ start: [UInt8]) -> Bool {
    guard start.count >= 12 else { return false }
    let checksum = start[8..<12].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    return CRC32C.masked(CRC32C.checksum(start[..<8])) == checksum
  }

  /// The common name of a checkpoint's files, whichever of them is meant.
  static func checkpointPrefix(_ file: URL) -> URL? {
    let name = file.lastPathComponent
    func exists(_ prefix: URL) -> Bool {
      FileManager.default.fileExists(atPath: prefix.appendingPathExtension("index").path)
    }
    if file.pathExtension == "index" { return file.deletingPathExtension() }
    let isData = name.wholeMatch(of: /.*\.data-\d{5}-of-\d{5}/) != nil
    if isData { return file.deletingPathExtension() }
    return exists(file) ? file : nil
  }
}
