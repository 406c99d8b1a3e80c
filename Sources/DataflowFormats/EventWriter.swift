import Foundation
import ProtobufWire
import Tensors

/// Writes TensorBoard's event files.
///
///     let events = try EventWriter(folder: trainFolder)
///     try events.write([("loss", 0.5), ("learning_rate", 0.001)], step: 10)
///     try events.close()
public final class EventWriter {
  /// The file that is written.
  public let file: URL
  private let writer: TFRecordWriter

  /// Creates `events.out.tfevents.<seconds>.<host>` in a folder that exists.
  ///
  /// - Throws: `FormatError` where the file cannot be made.
  public init(folder: URL, wallTime: Double = Date().timeIntervalSince1970) throws {
    let name = "events.out.tfevents.\(Int(wallTime)).\(ProcessInfo.processInfo.hostName)"
    file = Self.unused(name, in: folder)
    writer = try TFRecordWriter(growing: file)
    try write(wallTime: wallTime) { $0.field(3, string: "brain.Event:2") }
    try writer.flush()
  }

  /// A second run within a second has a file of its own.
  private static func unused(_ name: String, in folder: URL) -> URL {
    var (file, suffix) = (folder.appendingPathComponent(name), 0)
    while FileManager.default.fileExists(atPath: file.path) {
      suffix += 1
      file = folder.appendingPathComponent("\(name).\(suffix)")
    }
    return file
  }

  /// Says that what the folder's files hold of this step and of those behind it counts no more: TensorFlow's
  /// `SessionLog.START`.
  ///
  /// - Throws: `FormatError` where the file cannot be written.
  public func writeStart(
    step: Int, wallTime: Double = Date().timeIntervalSince1970
  ) throws {
    try write(wallTime: wallTime) {
      $0.field(2, varint: UInt64(bitPattern: Int64(step)))
      $0.field(7) { $0.field(1, varint: 1) }
    }
  }

  /// Adds scalars of one step, as single precision.
  ///
  /// - Throws: `FormatError` where the file cannot be written.
  public func write(
    _ scalars: [(tag: String, value: Double)], step: Int,
    wallTime: Double = Date().timeIntervalSince1970
  ) throws {
    try write(step: step, wallTime: wallTime) { summary in
      for (tag, value) in scalars {
        summary.field(1) {
          $0.field(1, string: tag)
          $0.field(2, float: Float(value))
        }
      }
    }
  }

  /// Adds an event with a summary.
  func write(
    step: Int, wallTime: Double = Date().timeIntervalSince1970,
    _ summary: (inout ProtobufWriter) -> Void
  ) throws {
    try write(wallTime: wallTime) {
      $0.field(2, varint: UInt64(bitPattern: Int64(step)))
      $0.field(5, summary)
    }
  }

  /// Adds what summary operations made in one step.
  ///
  /// - Parameter summary: a TensorFlow `Summary` message as bytes: `uint8` of rank 1.
  /// - Throws: `FormatError` where the file cannot be written.
  /// - Precondition: the tensor is of that kind.
  public func write(
    summary: Tensor, step: Int, wallTime: Double = Date().timeIntervalSince1970
  ) throws {
    precondition(
      summary.elementType == .uint8 && summary.shape.rank == 1,
      "\(summary.elementType)\(summary.shape) is no summary")
    try write(wallTime: wallTime) {
      $0.field(2, varint: UInt64(bitPattern: Int64(step)))
      $0.field(5, bytes: summary.scalars(as: UInt8.self))
    }
  }

  /// Adds an event, its time first and what else `content` writes.
  func write(wallTime: Double, _ content: (inout ProtobufWriter) -> Void) throws {
    var event = ProtobufWriter()
    event.field(1, double: wallTime)
    content(&event)
    try writer.write(event.bytes)
  }

  /// Lets readers see what was written.
  public func flush() throws { try writer.flush() }

  /// Completes the file.
  public func close() throws { try writer.close() }
}
