import DataflowGraph
import DataflowRuntime

/// Fills a queue from threads of its own. TensorFlow's `QueueRunner`.
///
/// Each enqueue operation is run again and again on one thread, until what it takes from has ended or
/// the coordinator stops; when all have ended, the queue is closed.
public struct QueueRunner: Sendable {
  private let queue: Value
  private let enqueues: [Node]
  private let close: Node

  /// - Parameters:
  ///   - queue: the handle.
  ///   - enqueues: operations that put something into it; each gets a thread, the same one may stand
  ///     here several times.
  public init(_ queue: Value, enqueues: [Node]) throws {
    self.queue = queue
    self.enqueues = enqueues
    close = try queue.graph.add(QueueCloseV2(), [queue], name: "\(queue.node.name)/close")
  }

  /// Starts the threads.
  public func start(_ session: Session, _ coordinator: Coordinator) {
    let left = Countdown(enqueues.count)
    let options = RunOptions(cancellation: coordinator.cancellation)
    for (index, enqueue) in enqueues.enumerated() {
      coordinator.start(named: "\(queue.node.name)-\(index)") { [close] in
        defer {
          // The end of the last producer is the end of what it makes, also for those who wait.
          if left.isLast { _ = try? session.run([], targets: [close]) }
        }
        do {
          while !coordinator.shouldStop,
            try session.runUnlessEnded([], targets: [enqueue], options: options) != nil
          {}
        } catch is RunInterruption {
          // The coordinator has said so.
        } catch {
          // Before the end is seen: whoever sees it may stop the coordinator, which keeps the first reason.
          coordinator.requestStop(error)
        }
      }
    }
  }
}
