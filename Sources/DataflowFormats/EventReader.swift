import Foundation

/// One scalar in an event file.
public struct EventScalar: Sendable, Equatable {
  /// The training step.
  public let step: Int
  /// Seconds since 1970.
  public let wallTime: Double
  /// The name of the curve.
  public let tag: String
  /// The value, which the file holds in single precision, or as a tensor of one element.
  public let value: Double

  /// One point of a curve.
  public init(step: Int, wallTime: Double, tag: String, value: Double) {
    self.step = step
    self.wallTime = wallTime
    self.tag = tag
    self.value = value
  }
}

/// What the steps of a run cost, as an event file has it.
public struct EventRunMetadata: Sendable, Equatable {
  /// The training step.
  public let step: Int
  /// What TensorBoard's graph page calls it.
  public let tag: String
  public let metadata: RunMetadata
}

/// What event files hold, in the order of the file.
public struct EventContents: Sendable, Equatable {
  /// Every `simple_value`, and the tensors of one number that TensorFlow 2 has in their place.
  public internal(set) var scalars: [EventScalar] = []
  public internal(set) var graphs: [GraphDef] = []
  public internal(set) var runMetadata: [EventRunMetadata] = []
}

/// Reads TensorBoard's event files.
public enum EventReader {
  /// How the names of event files begin.
  private static let prefix = "events.out.tfevents."

  /// The event files in a folder, in the order in which they were begun.
  ///
  /// - Throws: what `FileManager` throws where the folder cannot be read.
  public static func files(in folder: URL) throws -> [URL] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasPrefix(prefix) }
      .sorted { $0.compare($1, options: .numeric) == .orderedAscending }
      .map { folder.appendingPathComponent($0) }
  }

  /// All scalars of a file, in its order.
  ///
  /// A record that is cut off ends the file: its writer still runs or was killed.
  ///
  /// - Throws: `FormatError` for a record that is damaged otherwise.
  public static func scalars(in file: URL) throws(FormatError) -> [EventScalar] {
    try contents(of: file).scalars
  }

  /// All scalars, graphs and costs of a file.
  ///
  /// A record that is cut off ends the file: its writer still runs or was killed.
  ///
  /// - Throws: `FormatError` for a record that is damaged otherwise.
  public static func contents(of file: URL) throws(FormatError) -> EventContents {
    var reader = try TFRecordReader(file)
    var result = EventContents()
    // Of each tag; writers of TensorFlow 1 say it with the first value alone.
    var plugins: [String: String] = [:]
    do throws(FormatError) {
      while try reader.nextRecord({ try result.add(event: ProtobufReader($0), &plugins) }) != nil {}
    } catch  where error.damage == .truncated {
      return result
    }
    return result
  }
}

extension EventContents {
  fileprivate mutating func add(event: ProtobufReader, _ plugins: inout [String: String]) throws {
    var (reader, step, time) = (event, 0, 0.0)
    var values: [(String, Double)] = []
    var costs: [(String, RunMetadata)] = []
    while let (number, field) = try reader.next() {
      switch (number, field) {
      case (1, .fixed64(let bits)): time = Double(bitPattern: bits)
      case (2, .varint(let value)): step = Int(truncatingIfNeeded: value)
      case (4, _):
        graphs.append(GraphDef())
        try graphs[graphs.count - 1].merge(field, of: reader)
      case (5, .bytes(let summary)):
        values += try Self.scalars(in: reader.nested(summary), &plugins)
      case (8, .bytes(let tagged)): costs.append(try Self.cost(in: reader.nested(tagged)))
      default: continue
      }
    }
    scalars += values.map { EventScalar(step: step, wallTime: time, tag: $0.0, value: $0.1) }
    runMetadata += costs.map { EventRunMetadata(step: step, tag: $0.0, metadata: $0.1) }
  }

  private static func scalars(
    in summary: ProtobufReader, _ plugins: inout [String: String]
  ) throws -> [(String, Double)] {
    var (reader, result) = (summary, [(String, Double)]())
    while let (number, field) = try reader.next() {
      guard number == 1, case .bytes(let content) = field else { continue }
      if let scalar = try scalar(in: reader.nested(content), &plugins) { result.append(scalar) }
    }
    return result
  }

  /// The tag and the number of a `Summary.Value`, in whatever order they stand; nil without a number.
  private static func scalar(
    in message: ProtobufReader, _ plugins: inout [String: String]
  ) throws -> (String, Double)? {
    var (reader, tag, value) = (message, "", Float?.none)
    var (tensor, plugin) = (ProtobufReader.Field?.none, "")
    while let (number, field) = try reader.next() {
      switch (number, field) {
      case (1, .bytes(let name)): tag = String(decoding: name, as: UTF8.self)
      case (2, .fixed32(let bits)): value = Float(bitPattern: bits)
      case (8, _): tensor = field
      case (9, .bytes(let metadata)): plugin = try Self.plugin(in: reader.nested(metadata))
      default: continue
      }
    }
    if let value { return (tag, Double(value)) }
    if !plugin.isEmpty { plugins[tag] = plugin }
    // Texts, histograms and pictures are tensors too, which may be large.
    guard let tensor, plugins[tag] == "scalars" else { return nil }
    var proto = TensorProto()
    try proto.merge(tensor, of: reader)
    return try proto.number().map { (tag, $0) }
  }

  /// Whose values they are, as a `SummaryMetadata` says.
  private static func plugin(in metadata: ProtobufReader) throws -> String {
    var (reader, name) = (metadata, "")
    while let (number, field) = try reader.next() {
      guard number == 1, case .bytes(let content) = field else { continue }
      var data = reader.nested(content)
      while let (number, field) = try data.next() {
        if number == 1, case .bytes(let text) = field {
          name = String(decoding: text, as: UTF8.self)
        }
      }
    }
    return name
  }

  /// The tag and the costs of a `TaggedRunMetadata`.
  private static func cost(in message: ProtobufReader) throws -> (String, RunMetadata) {
    var (reader, tag, metadata) = (message, "", RunMetadata())
    while let (number, field) = try reader.next() {
      switch (number, field) {
      case (1, .bytes(let name)): tag = String(decoding: name, as: UTF8.self)
      case (2, _): try metadata.merge(field, of: reader)
      default: continue
      }
    }
    return (tag, metadata)
  }
}
