import Tensors

/// Where tensors wait, by key, for those who receive them: what `Send` and `Recv` meet at.
///
/// Sessions that share one can send tensors to each other. What is sent under one key is received in the
/// same order, each once; whoever comes first waits, a sender never.
public final class Rendezvous: Sendable {
  private struct State {
    var queues: [String: TensorQueue] = [:]
    var isClosed = false
  }

  private let state = Guarded(State())

  public init() {}

  /// Leaves a tensor for whoever receives it.
  ///
  /// - Returns: false where the rendezvous is closed.
  public func send(_ tensor: Tensor, key: String) throws -> Bool {
    if case .done = try queue(key).enqueue([[tensor]]) { return true }
    return false
  }

  /// The next tensor that was sent under the key, waiting for it.
  ///
  /// - Returns: nil where the rendezvous is closed and nothing is left.
  /// - Throws: `RunInterruption` when cancelled; nothing is lost then.
  public func receive(key: String, cancellation: Cancellation? = nil) throws -> Tensor? {
    try queue(key).dequeue(1, cancellation: cancellation)?[0][0]
  }

  /// Forgets what was sent and nobody has received; for when no run is under way.
  package func clear() { state.withLock { $0.queues = [:] } }

  /// Lets nothing more in, so that nobody waits for what never comes.
  public func close() {
    let queues = state.withLock { state in
      state.isClosed = true
      return Array(state.queues.values)
    }
    for queue in queues { queue.close(cancelsPending: true) }
  }

  private func queue(_ key: String) -> TensorQueue {
    state.withLock { state in
      if let queue = state.queues[key] { return queue }
      let queue = TensorQueue(capacity: nil)
      if state.isClosed { queue.close() }
      state.queues[key] = queue
      return queue
    }
  }
}

extension ResourceStore {
  private static let rendezvousName = "rendezvous "

  /// The session's rendezvous.
  package var rendezvous: Rendezvous {
    let handle = handle(named: Self.rendezvousName) { Rendezvous() }
    guard let found = try? resource(handle, as: Rendezvous.self) else {
      preconditionFailure("the rendezvous' name is taken")
    }
    return found
  }

  /// Makes `rendezvous` the session's; before its first run.
  package func use(_ rendezvous: Rendezvous) {
    _ = handle(named: Self.rendezvousName) { rendezvous }
  }
}
