import DataflowGraph
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// When each step of one or more runs began and ended, and on which thread.
public final class RunTrace: Sendable {
  public struct Record: Sendable {
    public let node: String
    public let operation: String
    /// Since the trace was made.
    public let start: Duration
    public let end: Duration
    /// Threads are numbered in the order in which they appear.
    public let thread: Int
  }

  private struct Contents {
    var records: [Record] = []
    var threads: [UInt: Int] = [:]
  }

  private let contents = Guarded(Contents())
  private let origin = ContinuousClock.now

  public init() {}

  /// The steps in the order in which they ended.
  public var records: [Record] { contents.withLock { $0.records } }

  func record(_ node: Node, from start: ContinuousClock.Instant) {
    let end = ContinuousClock.now
    let thread = UInt(bitPattern: pthread_self().hashValue)
    contents.withLock { contents in
      let number = contents.threads[thread] ?? contents.threads.count
      contents.threads[thread] = number
      contents.records.append(
        Record(
          node: node.name, operation: node.operationName, start: start - origin,
          end: end - origin, thread: number))
    }
  }
}
