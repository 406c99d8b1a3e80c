import Foundation

/// Makes elements ahead of their use, on threads of its own, and hands them out in order.
///
///     let batches = PrefetchQueue(capacity: 4, threads: 2, next: { places.next() }) { try batch(at: $0) }
///     while let batch = try batches.next() { … }
///
/// What is to be made is asked for by one thread at a time, in order; making goes on side by side. The
/// elements and their order are the same for any number of threads.
public final class PrefetchQueue<Element: Sendable>: Sendable {
  /// Shared with the producers' threads, which must not keep the queue itself alive.
  private let buffer: Buffer

  /// - Parameters:
  ///   - capacity: how many elements are being made or wait at most.
  ///   - threads: how many elements are made at a time.
  ///   - room: how many elements like this one there may be; the smallest answer holds, and until the
  ///     first is made there is only one. Nil: as many as `capacity` says.
  ///   - next: what is to be made next, nil at the end; an error ends the queue behind what came before.
  ///   - make: the element; an error ends the queue behind what came before.
  public init<Work: Sendable>(
    capacity: Int, threads: Int = 1, room: (@Sendable (Element) -> Int)? = nil,
    next: @escaping @Sendable () throws -> Work?,
    make: @escaping @Sendable (Work) throws -> Element
  ) {
    precondition(capacity > 0, "a queue without room")
    precondition(threads > 0, "a queue without threads")
    let buffer = Buffer(capacity: capacity, room)
    self.buffer = buffer
    for number in 0..<threads {
      let thread = Thread {
        while let (ticket, work) = buffer.take(next) {
          buffer.put(ticket, Result { try make(work) })
        }
      }
      thread.name = "prefetch-\(number)"
      thread.start()
    }
  }

  /// A queue whose elements are made one after the other.
  public convenience init(capacity: Int, _ produce: @escaping @Sendable () throws -> Element?) {
    self.init(capacity: capacity, next: produce) { $0 }
  }

  deinit { close() }

  /// The next element, waiting for it; nil at the end and after `close`.
  ///
  /// - Throws: what `next` or `make` threw, after all that was to be made before.
  public func next() throws -> Element? { try buffer.next() }

  /// Ends the queue: what waits is dropped, nothing more is made after what is being made now.
  public func close() { buffer.close() }

  /// How the queue has done so far.
  public var statistics: PrefetchStatistics { buffer.statistics }

  private final class Buffer: @unchecked Sendable {
    /// Held by the thread that asks what is to be made.
    private let source = NSLock()
    // Guarded by `condition`.
    private let condition = NSCondition()
    private var made: [Int: Result<Element, any Error>] = [:]
    /// The tickets given to producers, and the elements that consumers took.
    private var (given, taken) = (0, 0)
    /// The ticket behind the last one that gives an element.
    private var end = Int.max
    private var isClosed = false
    private var times = PrefetchStatistics()
    private let capacity: Int
    private let roomLike: (@Sendable (Element) -> Int)?
    /// How many elements there may be, as far as is known.
    private var room: Int
    private var isFirst = true

    init(capacity: Int, _ room: (@Sendable (Element) -> Int)?) {
      self.capacity = capacity
      roomLike = room
      self.room = room == nil ? capacity : 1
    }

    var statistics: PrefetchStatistics { locked { times } }

    private func locked<R>(_ body: () throws -> R) rethrows -> R {
      condition.lock()
      defer { condition.unlock() }
      return try body()
    }

    // MARK: Producers

    /// Waits for room and takes the next piece of work.
    ///
    /// - Returns: nil where nothing more is wanted, or there is no more.
    func take<Work>(_ next: () throws -> Work?) -> (ticket: Int, work: Work)? {
      source.lock()
      defer { source.unlock() }
      guard let ticket = nextTicket() else { return nil }
      switch Result(catching: next) {
      case .success(let work?): return (ticket, work)
      case .success(nil): finish(at: ticket)
      case .failure(let error): put(ticket, .failure(error))
      }
      return nil
    }

    private func nextTicket() -> Int? {
      locked {
        while given - taken >= room && given < end && !isClosed { condition.wait() }
        guard given < end, !isClosed else { return nil }
        defer { given += 1 }
        return given
      }
    }

    private func finish(at ticket: Int) {
      locked {
        end = min(end, ticket)
        condition.broadcast()
      }
    }

    func put(_ ticket: Int, _ result: Result<Element, any Error>) {
      locked {
        switch result {
        case .success(let element): limit(to: element)
        case .failure: end = min(end, ticket + 1)
        }
        if !isClosed { made[ticket] = result }
        condition.broadcast()
      }
    }

    private func limit(to element: Element) {
      guard let roomLike else { return }
      room = max(1, min(isFirst ? capacity : room, roomLike(element)))
      isFirst = false
    }

    // MARK: Consumers

    func next() throws -> Element? {
      let start = ContinuousClock.now
      return try locked {
        var hasWaited = false
        while made[taken] == nil && taken < end && !isClosed {
          hasWaited = true
          condition.wait()
        }
        if hasWaited { times.add(wait: .now - start) }
        guard let result = made[taken], !isClosed else { return nil }
        // An error stays where it is, for all who ask.
        let element = try result.get()
        made[taken] = nil
        taken += 1
        times.taken += 1
        condition.broadcast()
        return element
      }
    }

    func close() {
      locked {
        isClosed = true
        made.removeAll()
        condition.broadcast()
      }
    }
  }
}

/// What those who take elements from a queue met.
public struct PrefetchStatistics: Sendable, Equatable {
  /// Elements taken.
  public internal(set) var taken = 0
  /// Elements that were not ready when they were asked for.
  public private(set) var waits = 0
  /// How long was waited for them in all.
  public private(set) var waitingTime = Duration.zero

  mutating func add(wait: Duration) {
    waits += 1
    waitingTime += wait
  }
}
