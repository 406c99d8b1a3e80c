import Dataflow
import Foundation

/// A run's steps in the form that the tracing views of browsers and Perfetto read: JSON with an event
/// for each step, times in microseconds.
struct ChromeTrace: Encodable {
  struct Event: Encodable {
    let name: String
    /// `X` for a bar, `M` for a row's name.
    let ph: String
    let ts: Double
    let dur: Double
    let pid = 1
    let tid: Int
    let args: [String: String]
  }

  let traceEvents: [Event]
  let displayTimeUnit = "ns"

  init(_ trace: RunTrace) {
    let records = trace.records
    let rows = Set(records.map(\.thread)).sorted().map { thread in
      Event(
        name: "thread_name", ph: "M", ts: 0, dur: 0, tid: thread,
        args: ["name": "thread \(thread)"])
    }
    traceEvents =
      rows
      + records.map { record in
        Event(
          name: record.operation, ph: "X", ts: record.start.microseconds,
          dur: (record.end - record.start).microseconds, tid: record.thread,
          args: ["node": record.node])
      }
  }

  var json: Data {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys]
      return try encoder.encode(self)
    }
  }
}

extension Duration {
  fileprivate var microseconds: Double {
    Double(components.seconds) * 1e6 + Double(components.attoseconds) * 1e-12
  }
}
