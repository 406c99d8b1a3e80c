import DataflowGraph
import Foundation

/// Ends the threads that work together when one of them wants to stop or fails. TensorFlow's
/// `Coordinator`.
///
///     let coordinator = Coordinator()
///     runner.start(session, coordinator)
///     while let batch = try session.runUnlessEnded(batch, options: coordinator.options) { … }
///     coordinator.requestStop()
///     try coordinator.join()
public final class Coordinator: @unchecked Sendable {
  // Guarded by `condition`.
  private let condition = NSCondition()
  private var isStopping = false
  private var failure: (any Error)?
  private var running = 0

  /// Ends what waits for a queue when the coordinator stops.
  public let cancellation = Cancellation()

  public init() {}

  /// Whether the threads are to end.
  public var shouldStop: Bool { condition.withLock { isStopping } }

  /// Asks all threads to end, and ends their waiting.
  ///
  /// - Parameter error: why, if something went wrong; `join` throws the first one.
  public func requestStop(_ error: (any Error)? = nil) {
    let isFirst = condition.withLock {
      if failure == nil && !isStopping { failure = error }
      defer { isStopping = true }
      return !isStopping
    }
    if isFirst { cancellation.cancel() }
    condition.withLock { condition.broadcast() }
  }

  /// Runs `body` on a thread of its own until it returns; an error stops all.
  public func start(named name: String, _ body: @escaping @Sendable () throws -> Void) {
    condition.withLock { running += 1 }
    let thread = Thread { [self] in
      do { try body() } catch { requestStop(error) }
      condition.withLock {
        running -= 1
        condition.broadcast()
      }
    }
    thread.name = name
    thread.start()
  }

  /// Waits until all threads have ended.
  ///
  /// - Throws: the error that one of them stopped with.
  public func join() throws {
    let failure = condition.withLock { () -> (any Error)? in
      while running > 0 { condition.wait() }
      return self.failure
    }
    if let failure { throw failure }
  }
}
