import Synchronization

/// Tells the last of several threads that it is the last.
final class Countdown: Sendable {
  private let left: Atomic<Int>

  init(_ count: Int) { left = Atomic(count) }

  /// True for the last one that asks.
  var isLast: Bool { left.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue == 0 }
}
