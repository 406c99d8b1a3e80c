import CProcessor

/// How a thread computes with subnormal numbers, those below the least normal one (1.2e-38, 2.2e-308): some
/// processors take many times as long for them as for others.
package struct FloatingPointMode: Equatable, Sendable {
  private let word: UInt64

  /// The calling thread's.
  package static var current: Self { Self(word: processor_float_mode()) }

  /// The same, but subnormal numbers are read and written as zero.
  package var flushing: Self { Self(word: processor_flushing_float_mode(word)) }

  /// Makes it the calling thread's.
  package func adopt() {
    if self != .current { processor_set_float_mode(word) }
  }

  /// Calls `body` while the calling thread takes subnormal numbers for zero.
  package static func flushing<R>(_ body: () throws -> R) rethrows -> R {
    let own = current
    own.flushing.adopt()
    defer { own.adopt() }
    return try body()
  }
}
