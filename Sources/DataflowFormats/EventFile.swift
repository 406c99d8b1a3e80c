import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// Writes TensorBoard's event files.
public final class EventWriter {
  private let writer: TFRecordWriter

  /// Creates `events.out.tfevents.<seconds>.<host>` in a folder.
  public init(folder: URL, wallTime: Double = Date().timeIntervalSince1970) throws {
    let host = ProcessInfo.processInfo.hostName
    var name = "events.out.tfevents.\(Int(wallTime)).\(host)"
    // A second run within a second has a file of its own.
    var suffix = 0
    while FileManager.default.fileExists(atPath: folder.appendingPathComponent(name).path) {
      suffix += 1
      name = "events.out.tfevents.\(Int(wallTime)).\(host).\(suffix)"
    }
    writer = try TFRecordWriter(growing: folder.appendingPathComponent(name))
    var event = ProtobufWriter()
    event.field(1, double: wallTime)
    event.field(3, string: "brain.Event:2")
    try writer.write(event.bytes)
    try writer.flush()
  }

  /// Adds scalars of one step.
  public func write(
    _ scalars: [(tag: String, value: Double)], step: Int,
    wallTime: Double = Date().timeIntervalSince1970
  ) throws {
    var event = ProtobufWriter()
    event.field(1, double: wallTime)
    event.field(2, varint: UInt64(step))
    event.field(5) { summary in
      for (tag, value) in scalars {
        summary.field(1) {
          $0.field(1, string: tag)
          $0.field(2, float: Float(value))
        }
      }
    }
    try writer.write(event.bytes)
  }

  /// Lets readers see what was written.
  public func flush() throws { try writer.flush() }

  public func close() throws { try writer.close() }
}

/// One scalar in an event file.
public struct EventScalar: Sendable, Equatable {
  public let step: Int
  public let wallTime: Double
  public let tag: String
  public let value: Double
}

/// Reads the scalars of TensorBoard's event files.
public enum EventReader {
  /// All scalars of a file, in its order.
  ///
  /// - Throws: `FormatError` for a record that is damaged.
  public static func scalars(in file: URL) throws -> [EventScalar] {
    var reader = try TFRecordReader(file)
    var result: [EventScalar] = []
    while let found = try reader.nextRecord(scalars(inEvent:)) { result += found }
    return result
  }

  private static func scalars(inEvent bytes: UnsafeRawBufferPointer) throws -> [EventScalar] {
    var (reader, step, time) = (ProtobufReader(bytes), 0, 0.0)
    var values: [(String, Double)] = []
    while let (number, field) = try reader.next() {
      switch (number, field) {
      case (1, .fixed64(let bits)): time = Double(bitPattern: bits)
      case (2, .varint(let value)): step = Int(truncatingIfNeeded: value)
      case (5, .bytes(let summary)): values += try scalars(inSummary: summary)
      default: continue
      }
    }
    return values.map { EventScalar(step: step, wallTime: time, tag: $0.0, value: $0.1) }
  }

  private static func scalars(inSummary bytes: UnsafeRawBufferPointer) throws -> [(String, Double)]
  {
    var (reader, result) = (ProtobufReader(bytes), [(String, Double)]())
    while let (number, field) = try reader.next() {
      guard number == 1, case .bytes(let content) = field else { continue }
      var (value, tag) = (ProtobufReader(content), "")
      while let (number, field) = try value.next() {
        switch (number, field) {
        case (1, .bytes(let name)): tag = String(decoding: name, as: UTF8.self)
        case (2, .fixed32(let bits)): result.append((tag, Double(Float(bitPattern: bits))))
        default: continue
        }
      }
    }
    return result
  }
}
