import Foundation

/// Makes elements ahead of their use, on a thread of its own and never more than `capacity` of them.
///
///     let batches = PrefetchQueue(capacity: 2) { try nextBatch() }
///     while let batch = try batches.next() { … }
public final class PrefetchQueue<Element: Sendable>: Sendable {
  /// Shared with the producer's thread, which must not keep the queue itself alive.
  private let buffer: Buffer

  /// - Parameters:
  ///   - capacity: how many elements wait at most.
  ///   - produce: the next element, nil at the end; an error ends the queue behind what was made.
  public init(capacity: Int, _ produce: @escaping @Sendable () throws -> Element?) {
    precondition(capacity > 0, "a queue without room")
    let buffer = Buffer(capacity: capacity)
    self.buffer = buffer
    let thread = Thread {
      while buffer.hasRoom(), buffer.append(Result { try produce() }) {}
    }
    thread.name = "prefetch"
    thread.start()
  }

  deinit { close() }

  /// The next element, waiting for it; nil at the end and after `close`.
  ///
  /// - Throws: what `produce` threw, after all that it had made before.
  public func next() throws -> Element? { try buffer.next() }

  /// Ends the queue: what waits is dropped, nothing more is made after what is being made now.
  public func close() { buffer.close() }

  private final class Buffer: @unchecked Sendable {
    // Guarded by `condition`.
    private let condition = NSCondition()
    private var elements: [Element] = []
    private var isAtEnd = false
    private var isClosed = false
    private var failure: (any Error)?
    private let capacity: Int

    init(capacity: Int) { self.capacity = capacity }

    func next() throws -> Element? {
      condition.lock()
      defer { condition.unlock() }
      while elements.isEmpty && !isAtEnd && !isClosed { condition.wait() }
      if isClosed { return nil }
      guard !elements.isEmpty else {
        if let failure { throw failure }
        return nil
      }
      defer { condition.broadcast() }
      return elements.removeFirst()
    }

    func close() {
      condition.lock()
      isClosed = true
      elements.removeAll()
      condition.broadcast()
      condition.unlock()
    }

    /// Waits for room.
    ///
    /// - Returns: false where nothing more is wanted.
    func hasRoom() -> Bool {
      condition.lock()
      defer { condition.unlock() }
      while elements.count >= capacity && !isClosed { condition.wait() }
      return !isClosed
    }

    func append(_ result: Result<Element?, any Error>) -> Bool {
      condition.lock()
      defer {
        condition.broadcast()
        condition.unlock()
      }
      switch result {
      case .success(let element?) where !isClosed: elements.append(element)
      case .success: isAtEnd = true
      case .failure(let error): (failure, isAtEnd) = (error, true)
      }
      return !isAtEnd
    }
  }
}
