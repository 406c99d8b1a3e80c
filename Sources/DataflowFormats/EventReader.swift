import Foundation

/// One scalar in an event file.
public struct EventScalar: Sendable, Equatable {
  /// The training step.
  public let step: Int
  /// Seconds since 1970.
  public let wallTime: Double
  /// The name of the curve.
  public let tag: String
  /// The value, which the file holds in single precision.
  public let value: Double

  /// One point of a curve.
  public init(step: Int, wallTime: Double, tag: String, value: Double) {
    self.step = step
    self.wallTime = wallTime
    self.tag = tag
    self.value = value
  }
}

/// Reads the scalars of TensorBoard's event files.
public enum EventReader {
  /// All scalars (`simple_value`) of a file, in its order.
  ///
  /// A record that is cut off ends the file: its writer still runs or was killed.
  ///
  /// - Throws: `FormatError` for a record that is damaged otherwise.
  public static func scalars(in file: URL) throws(FormatError) -> [EventScalar] {
    var reader = try TFRecordReader(file)
    var result: [EventScalar] = []
    do throws(FormatError) {
      while let found = try reader.nextRecord(scalars(inEvent:)) { result += found }
    } catch  where error.damage == .truncated {
      return result
    }
    return result
  }

  private static func scalars(inEvent bytes: UnsafeRawBufferPointer) throws -> [EventScalar] {
    var (reader, step, time) = (ProtobufReader(bytes), 0, 0.0)
    var values: [(String, Double)] = []
    while let (number, field) = try reader.next() {
      switch (number, field) {
      case (1, .fixed64(let bits)): time = Double(bitPattern: bits)
      case (2, .varint(let value)): step = Int(truncatingIfNeeded: value)
      case (5, .bytes(let summary)): values += try scalars(inSummary: reader.nested(summary))
      default: continue
      }
    }
    return values.map { EventScalar(step: step, wallTime: time, tag: $0.0, value: $0.1) }
  }

  private static func scalars(inSummary summary: ProtobufReader) throws -> [(String, Double)] {
    var (reader, result) = (summary, [(String, Double)]())
    while let (number, field) = try reader.next() {
      guard number == 1, case .bytes(let content) = field else { continue }
      if let scalar = try scalar(in: reader.nested(content)) { result.append(scalar) }
    }
    return result
  }

  /// The tag and the number of a `Summary.Value`, in whatever order they stand; nil without a number.
  private static func scalar(in message: ProtobufReader) throws -> (String, Double)? {
    var (reader, tag, value) = (message, "", Float?.none)
    while let (number, field) = try reader.next() {
      switch (number, field) {
      case (1, .bytes(let name)): tag = String(decoding: name, as: UTF8.self)
      case (2, .fixed32(let bits)): value = Float(bitPattern: bits)
      default: continue
      }
    }
    return value.map { (tag, Double($0)) }
  }
}
