import Dispatch
import Tensors

/// A queue of tuples of tensors that several threads fill and empty.
///
/// Those who wait are served in the order they came, enqueuers and dequeuers each in a line of their own.
public final class TensorQueue: Sendable {
  /// In which order elements leave.
  public enum Order: Sendable {
    case firstInFirstOut
    /// Drawn at random among more than `minimum` elements, of any number once the queue is closed.
    case shuffled(minimum: Int, seed: UInt64)
  }

  /// How an enqueue or dequeue ended.
  public enum Outcome: Sendable {
    case done
    /// The queue is closed and has too little left, or takes nothing any more.
    case ended
  }

  private struct State {
    var elements: [[Tensor]?] = []
    /// Elements before this one have left.
    var head = 0
    var isClosed = false
    var refusesWaiting = false
    var nextTicket = 0
    var enqueuers: [Int] = []
    var dequeuers: [Int] = []
    var sleepers: [DispatchSemaphore] = []
    var generator: PhiloxGenerator

    var count: Int { elements.count - head }
  }

  public let capacity: Int
  /// What an element's tensors are, empty where they may be anything; sizes with names may be any.
  public let components: [TensorSpec]
  /// Their sizes, nil for any.
  private let sizes: [[Int?]]
  private let minimum: Int
  private let isShuffled: Bool
  private let state: Guarded<State>

  /// - Parameters:
  ///   - capacity: how many elements wait in the queue at most; nil for any number.
  ///   - components: what an element's tensors must be, sizes with names being any; empty for anything.
  public init(
    capacity: Int?, order: Order = .firstInFirstOut, components: [TensorSpec] = []
  ) {
    self.capacity = capacity ?? .max
    self.components = components
    sizes = components.map { $0.shape.dimensions.map(\.known) }
    switch order {
    case .firstInFirstOut:
      (minimum, isShuffled) = (0, false)
      state = Guarded(State(generator: PhiloxGenerator(seed: 0)))
    case .shuffled(let minimum, let seed):
      (self.minimum, isShuffled) = (minimum, true)
      state = Guarded(State(generator: PhiloxGenerator(seed: seed)))
    }
  }

  /// How many elements are in the queue.
  public var count: Int { state.withLock { $0.count } }

  /// How many enqueues are not done yet.
  package var pendingEnqueues: Int { state.withLock { $0.enqueuers.count } }

  /// Whether nothing can be put in any more.
  public var isClosed: Bool { state.withLock { $0.isClosed } }

  /// Lets nothing more in; what is in the queue can still be taken out.
  ///
  /// - Parameter cancelsPending: whether enqueuers that wait for room give up.
  public func close(cancelsPending: Bool = false) {
    change { state in
      state.isClosed = true
      state.refusesWaiting = state.refusesWaiting || cancelsPending
    }
  }

  // MARK: In

  /// Puts elements in, one after the other, waiting for room.
  ///
  /// - Returns: `ended` where the queue was closed before, or while waiting with `cancelsPending`.
  /// - Throws: `GraphError` where an element is not what the queue holds; none is in it then. `RunInterruption` when
  ///   cancelled; some elements may be in the queue then.
  public func enqueue(_ elements: [[Tensor]], cancellation: Cancellation? = nil) throws -> Outcome {
    if !components.isEmpty { for element in elements { try check(element) } }
    guard let ticket = joinEnqueuers() else { return .ended }
    defer { leave(ticket, \.enqueuers) }
    var rest = elements[...]
    while !rest.isEmpty {
      let outcome = try wait(cancellation) { state -> Outcome? in
        if state.refusesWaiting { return .ended }
        guard state.enqueuers[0] == ticket, state.count < capacity else { return nil }
        let room = min(capacity - state.count, rest.count)
        state.elements += rest.prefix(room).map { $0 }
        rest = rest.dropFirst(room)
        return .done
      }
      if case .ended = outcome { return .ended }
    }
    return .done
  }

  /// - Throws: `GraphError` where an element is not what the queue holds.
  private func check(_ element: [Tensor]) throws {
    guard element.count == components.count else {
      throw GraphError(
        "an element has \(element.count) components, those of the queue have \(components.count)")
    }
    for (index, tensor) in element.enumerated() {
      let (found, allowed) = (tensor.shape.dimensions, sizes[index])
      guard tensor.elementType == components[index].elementType, found.count == allowed.count,
        zip(found, allowed).allSatisfy({ $1 == nil || $0 == $1 })
      else {
        throw GraphError(
          "component \(index) is \(tensor.elementType)\(tensor.shape), the queue's is"
            + " \(components[index])")
      }
    }
  }

  // MARK: Out

  /// Takes `number` elements out, waiting for them.
  ///
  /// - Parameter takesFewer: whether the last ones of a closed queue do, if there are any.
  /// - Returns: nil where the queue is closed and too little is left, which stays in it.
  /// - Throws: `RunInterruption` when cancelled; nothing is lost then.
  public func dequeue(
    _ number: Int, takesFewer: Bool = false, cancellation: Cancellation? = nil
  ) throws -> [[Tensor]]? {
    let ticket = joinDequeuers()
    defer { leave(ticket, \.dequeuers) }
    var taken: [[Tensor]] = []
    do {
      while taken.count < number {
        let goesOn = try wait(cancellation) { state -> Bool? in
          guard state.dequeuers[0] == ticket else { return nil }
          let before = taken.count
          let least = state.isClosed ? 0 : minimum
          while state.count > least && taken.count < number { taken.append(takeNext(&state)) }
          if taken.count == number { return true }
          // Whoever waits for room may still bring more.
          let isOver = state.isClosed && (state.refusesWaiting || state.enqueuers.isEmpty)
          return isOver ? false : (taken.count > before ? true : nil)
        }
        if !goesOn { break }
      }
    } catch {
      putBack(taken)
      throw error
    }
    if taken.count == number || (takesFewer && !taken.isEmpty) { return taken }
    putBack(taken)
    return nil
  }

  private func takeNext(_ state: inout State) -> [Tensor] {
    if isShuffled {
      let chosen = state.head + Int(state.generator.next() % UInt64(state.count))
      state.elements.swapAt(state.head, chosen)
    }
    let element = state.elements[state.head]!
    state.elements[state.head] = nil
    state.head += 1
    if state.head > 64, state.head * 2 > state.elements.count {
      state.elements.removeFirst(state.head)
      state.head = 0
    }
    return element
  }

  /// Returns what was taken to where it was.
  private func putBack(_ elements: [[Tensor]]) {
    if elements.isEmpty { return }
    change { state in
      state.elements.replaceSubrange(0..<state.head, with: elements.map { $0 })
      state.head = 0
    }
  }

  // MARK: Waiting

  /// A place in the line of those who put in, nil where the queue is closed.
  private func joinEnqueuers() -> Int? {
    state.withLock { state in
      if state.isClosed { return nil }
      state.nextTicket += 1
      state.enqueuers.append(state.nextTicket)
      return state.nextTicket
    }
  }

  private func joinDequeuers() -> Int {
    state.withLock { state in
      state.nextTicket += 1
      state.dequeuers.append(state.nextTicket)
      return state.nextTicket
    }
  }

  private func leave(_ ticket: Int, _ line: WritableKeyPath<State, [Int]> & Sendable) {
    change { $0[keyPath: line].removeAll { $0 == ticket } }
  }

  /// Changes the state and wakes those who may have waited for that.
  private func change(_ body: (inout State) -> Void) {
    let sleepers = state.withLock { state in
      body(&state)
      defer { state.sleepers = [] }
      return state.sleepers
    }
    for sleeper in sleepers { sleeper.signal() }
  }

  /// Tries again whenever the state has changed, until `attempt` gives something.
  private func wait<R>(_ cancellation: Cancellation?, _ attempt: (inout State) -> R?) throws -> R {
    let semaphore = DispatchSemaphore(value: 0)
    let watch = cancellation?.onCancel { semaphore.signal() }
    defer { if let watch { cancellation?.remove(watch) } }
    while true {
      try cancellation?.check()
      var result: R?
      let sleepers = state.withLock { state -> [DispatchSemaphore] in
        let before = (state.count, state.isClosed)
        result = attempt(&state)
        if result == nil { state.sleepers.append(semaphore) }
        guard before != (state.count, state.isClosed) else { return [] }
        defer { state.sleepers = result == nil ? [semaphore] : [] }
        return state.sleepers.filter { $0 !== semaphore }
      }
      for sleeper in sleepers { sleeper.signal() }
      if let result { return result }
      sleep(semaphore, until: cancellation?.deadline)
    }
  }

  private func sleep(_ semaphore: DispatchSemaphore, until deadline: ContinuousClock.Instant?) {
    guard let deadline else { return semaphore.wait() }
    let left = ContinuousClock.now.duration(to: deadline).components
    let nanoseconds = Double(left.seconds) * 1e9 + Double(left.attoseconds) / 1e9
    _ = semaphore.wait(timeout: .now() + .nanoseconds(Int(max(0, min(nanoseconds, 1e17)))))
  }
}

/// What a run throws that wants an element of a queue that has ended, or to put one into it; `Session.runUnlessEnded`
/// makes a value of it.
public struct QueueEnded: Error, Equatable, CustomStringConvertible {
  /// The node that found the queue ended.
  public var node: String
  /// Whether it puts something in.
  public var isEnqueue: Bool

  public init(node: String, isEnqueue: Bool = false) {
    self.node = node
    self.isEnqueue = isEnqueue
  }

  public var description: String {
    "\(node): the queue is closed\(isEnqueue ? "" : " and has too few elements left")"
  }
}
