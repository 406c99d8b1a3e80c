/// What the steps of a run cost: TensorFlow's `RunMetadata` with its `StepStats`, which TensorBoard's graph
/// page shows as the compute time of each node.
public struct RunMetadata: Sendable, Equatable {
  /// The steps of each device.
  public struct Device: Sendable, Equatable {
    public var name = ""
    public var steps: [Step] = []

    public init() {}

    public init(name: String, steps: [Step]) {
      self.name = name
      self.steps = steps
    }
  }

  /// One step: `NodeExecStats`.
  public struct Step: Sendable, Equatable {
    public var node = ""
    /// `node = Operation(inputs)`, and what else is to be said.
    public var label = ""
    /// In microseconds and nanoseconds since the first step began.
    public var startMicroseconds: Int64 = 0
    public var startNanoseconds: Int64 = 0
    /// How long it took.
    public var microseconds: Int64 = 0
    public var nanoseconds: Int64 = 0
    public var thread: Int32 = 0

    public init() {}
  }

  public var devices: [Device] = []

  public init() {}

  public init(devices: [Device]) { self.devices = devices }

  /// The time of all steps together.
  public var nanoseconds: Int64 {
    devices.reduce(0) { $1.steps.reduce($0) { $0 + $1.nanoseconds } }
  }

  /// - Throws: `FormatError` with the offset and the field.
  public init(binary: [UInt8]) throws(FormatError) { try self.init(encoded: binary) }

  public var binary: [UInt8] { encode() }
}

extension RunMetadata: ProtobufMessage {
  package static let messageName = "RunMetadata"
  package static let fields: [ProtobufField<Self>] = [
    .one(1, "step_stats", \.stepStats)
  ]

  /// The message between this one and the devices.
  fileprivate var stepStats: StepStats {
    get { StepStats(devices: devices) }
    set { devices = newValue.devices }
  }
}

private struct StepStats: ProtobufMessage {
  var devices: [RunMetadata.Device] = []

  static let messageName = "StepStats"
  static let fields: [ProtobufField<Self>] = [.many(1, "dev_stats", \.devices)]
}

extension RunMetadata.Device: ProtobufMessage {
  package static let messageName = "DeviceStepStats"
  package static let fields: [ProtobufField<Self>] = [
    .one(1, "device", \.name),
    .many(2, "node_stats", \.steps),
  ]
}

extension RunMetadata.Step: ProtobufMessage {
  package static let messageName = "NodeExecStats"
  package static let fields: [ProtobufField<Self>] = [
    .one(1, "node_name", \.node),
    .one(2, "all_start_micros", \.startMicroseconds),
    .one(4, "op_end_rel_micros", \.microseconds),
    .one(5, "all_end_rel_micros", \.microseconds),
    .one(8, "timeline_label", \.label),
    .one(10, "thread_id", \.thread),
    .one(13, "all_start_nanos", \.startNanoseconds),
    .one(15, "op_end_rel_nanos", \.nanoseconds),
    .one(16, "all_end_rel_nanos", \.nanoseconds),
  ]
}
