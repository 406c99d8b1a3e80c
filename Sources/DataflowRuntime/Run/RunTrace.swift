import DataflowGraph
import Tensors

/// When each step of one or more runs began and ended, and on which thread.
public final class RunTrace: Sendable {
  public struct Record: Sendable {
    public let node: String
    public let operation: String
    public let device: String
    /// The names of the values that it read.
    public let inputs: [String]
    /// Floating-point operations, as far as the operation tells of them.
    public let flops: Int
    /// How many bytes its inputs and outputs have.
    public let bytes: Int
    /// Since the trace was made.
    public let start: Duration
    public let end: Duration
    /// Threads are numbered in the order in which they appear.
    public let thread: Int
  }

  /// What is noted in a run; the rest is found out when somebody asks.
  private struct Entry {
    let step: TracedStep
    let start: Duration
    let end: Duration
    let thread: Int
  }

  private struct Contents {
    var entries: [Entry] = []
    var threads: [UInt: Int] = [:]
  }

  private let contents = Guarded(Contents())
  private let origin = ContinuousClock.now

  public init() {}

  /// The steps in the order in which they ended.
  public var records: [Record] {
    contents.withLock { contents in
      contents.entries.map { entry in
        let node = entry.step.node
        return Record(
          node: node.name, operation: node.operationName, device: entry.step.device,
          inputs: node.inputs.map(\.name), flops: entry.step.flops, bytes: entry.step.bytes,
          start: entry.start, end: entry.end, thread: entry.thread)
      }
    }
  }

  func record(
    _ step: TracedStep, from start: ContinuousClock.Instant, to end: ContinuousClock.Instant
  ) {
    let thread = threadIdentity
    contents.withLock { contents in
      let number = contents.threads[thread] ?? contents.threads.count
      contents.threads[thread] = number
      contents.entries.append(
        Entry(step: step, start: start - origin, end: end - origin, thread: number))
    }
  }
}

/// A step of a plan, and the sizes of its run.
struct TracedStep {
  let plan: Plan
  let index: Int
  let shapes: [Shape]
  let symbols: [String: Int]

  private var step: Plan.Step { plan.steps[index] }

  var node: Node { step.node }
  var device: String { plan.deviceNames[step.device].description }

  /// As far as the operation tells.
  var flops: Int {
    func specs(_ values: [Int]) -> [TensorSpec] { values.map { plan.values[$0].spec } }
    let flops = step.node.operation.flops(
      inputs: specs(step.inputs), outputs: specs(step.outputs))
    return (try? flops.evaluated(with: symbols)) ?? 0
  }

  var bytes: Int {
    (step.inputs + step.outputs).reduce(0) {
      $0 + shapes[$1].elementCount * plan.values[$1].spec.elementType.size
    }
  }
}
