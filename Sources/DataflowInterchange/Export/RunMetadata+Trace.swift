import DataflowFormats
import DataflowRuntime

extension RunMetadata {
  /// What was recorded of one or more runs, device by device.
  ///
  /// A step's label is TensorFlow's, `node = Operation(inputs)`, followed by its floating-point operations
  /// and the bytes of its inputs and outputs.
  public init(_ trace: RunTrace) {
    self.init()
    let byDevice = Dictionary(grouping: trace.records, by: \.device)
    devices = byDevice.sorted { $0.key < $1.key }.map { device, records in
      Device(name: device, steps: records.map { Step($0) })
    }
  }
}

extension RunMetadata.Step {
  fileprivate init(_ record: RunTrace.Record) {
    self.init()
    node = record.node
    let inputs = record.inputs.joined(separator: ", ")
    label =
      "\(record.node) = \(record.operation)(\(inputs)); \(record.flops) flops, \(record.bytes) bytes"
    (startMicroseconds, startNanoseconds) = Self.times(record.start)
    (microseconds, nanoseconds) = Self.times(record.end - record.start)
    thread = Int32(clamping: record.thread)
  }

  private static func times(_ duration: Duration) -> (Int64, Int64) {
    let nanoseconds =
      duration.components.seconds * 1_000_000_000
      + duration.components.attoseconds / 1_000_000_000
    // Rounded up, as TensorFlow does: 0 would mean that a node did not run.
    return ((nanoseconds + 999) / 1000, nanoseconds)
  }
}

extension RunMetadata.Step {
  /// The operation that the label names, nil where it has another form.
  public var operation: Substring? {
    guard let start = label.firstRange(of: " = ")?.upperBound else { return nil }
    return label[start...].firstIndex(of: "(").map { label[start..<$0] }
  }

  /// The floating-point operations that the label tells of, nil where it does not.
  public var flops: Int? { number(before: " flops") }

  /// The bytes of inputs and outputs that the label tells of, nil where it does not.
  public var bytes: Int? { number(before: " bytes") }

  private func number(before unit: String) -> Int? {
    guard let notes = label.lastIndex(of: ";") else { return nil }
    return label[label.index(after: notes)...].split(separator: ",")
      .first { $0.hasSuffix(unit) }.flatMap {
        Int($0.dropLast(unit.count).drop { $0 == " " })
      }
  }
}
