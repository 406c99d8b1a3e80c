import Synchronization
import Tensors

/// What the steps of one run share.
public final class RunState: @unchecked Sendable {
  // `symbols` is written between steps by the thread that runs them, so that nobody reads it meanwhile.

  /// The sizes that are known so far, by their names.
  @exclusivity(unchecked) public package(set) var symbols: [String: Int] = [:]
  /// Ends the run early, nil where nobody can.
  public package(set) var cancellation: Cancellation?
  /// What notes when steps ran, nil where nobody asks.
  package var trace: (any Sendable)?
  /// Whether the steps of functions are noted too, instead of those that call them.
  package var tracesFunctions = false

  package init() {}

  /// - Throws: `RunInterruption` where the run is to end.
  package func check() throws {
    try cancellation?.check()
  }
}

/// Why a run ended before it was done.
public enum RunInterruption: Error, Equatable, CustomStringConvertible {
  case cancelled
  case deadlineExceeded

  public var description: String {
    switch self {
    case .cancelled: "the run was cancelled"
    case .deadlineExceeded: "the run's deadline has passed"
    }
  }
}

/// Ends runs from outside: on request, or at a deadline. One may serve many runs.
///
///     let cancellation = Cancellation()
///     session.run(…, options: RunOptions(cancellation: cancellation))  // on one thread
///     cancellation.cancel()                                            // on another one
public final class Cancellation: Sendable {
  private struct Waiters {
    var isCancelled = false
    var next = 0
    var wakeUps: [Int: @Sendable () -> Void] = [:]
  }

  private let isCancelled = Atomic<Bool>(false)
  private let waiters = Guarded(Waiters())
  /// When runs end, on the clock of `now`; nil for never.
  public let deadline: ContinuousClock.Instant?

  /// - Parameter deadline: when runs end by themselves.
  public init(deadline: ContinuousClock.Instant? = nil) { self.deadline = deadline }

  /// Ends the runs, now and in future.
  public func cancel() {
    isCancelled.store(true, ordering: .releasing)
    let wakeUps = waiters.withLock { waiters in
      waiters.isCancelled = true
      return waiters.wakeUps.values.map { $0 }
    }
    for wakeUp in wakeUps { wakeUp() }
  }

  /// - Throws: `RunInterruption` after `cancel` or the deadline.
  public func check() throws(RunInterruption) {
    if isCancelled.load(ordering: .acquiring) { throw .cancelled }
    if let deadline, ContinuousClock.now >= deadline { throw .deadlineExceeded }
  }

  /// Calls `wakeUp` when the runs are cancelled, at once if they are already.
  ///
  /// - Returns: what `remove` wants.
  package func onCancel(_ wakeUp: @escaping @Sendable () -> Void) -> Int {
    let number = waiters.withLock { waiters -> Int? in
      if waiters.isCancelled { return nil }
      waiters.next += 1
      waiters.wakeUps[waiters.next] = wakeUp
      return waiters.next
    }
    if number == nil { wakeUp() }
    return number ?? 0
  }

  package func remove(_ number: Int) {
    waiters.withLock { _ = $0.wakeUps.removeValue(forKey: number) }
  }
}
